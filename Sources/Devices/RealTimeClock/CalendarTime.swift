/// A date and time of day in the Gregorian calendar, UTC.
struct CalendarTime: Equatable {
  var year: Int64
  /// 1…12.
  var month: Int64
  /// 1…31.
  var day: Int64
  var hour: Int64
  var minute: Int64
  var second: Int64

  private static let secondsPerDay: Int64 = 86_400
  /// The calendar repeats after 400 years, which have this many days.
  private static let daysPerEra: Int64 = 146_097
  /// Days from 1 March of the year 0 to 1 January 1970.
  private static let daysToEpoch: Int64 = 719_468

  init(year: Int64, month: Int64, day: Int64, hour: Int64, minute: Int64, second: Int64) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  /// The time this many seconds after 1970-01-01 00:00 (any number a clock can have: to within some
  /// hundred billion years).
  init(secondsSince1970 seconds: Int64) {
    let (days, secondOfDay) = seconds.flooredDivision(by: Self.secondsPerDay)
    hour = secondOfDay / 3600
    minute = secondOfDay / 60 % 60
    second = secondOfDay % 60

    // Years are counted from 1 March here, so that a leap day is the last day of its year. Then
    // the months that follow have 31, 30, 31, 30, 31 days, twice and a bit: 153 days in five.
    let (era, dayOfEra) = (days + Self.daysToEpoch).flooredDivision(by: Self.daysPerEra)
    let leapDays = dayOfEra / 1460 - dayOfEra / 36_524 + dayOfEra / (Self.daysPerEra - 1)
    let yearOfEra = (dayOfEra - leapDays) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  }

  /// Seconds since 1970-01-01 00:00. A month outside 1…12 counts as the nearest one; other parts
  /// that are too large carry over into the next.
  var secondsSince1970: Int64 {
    let month = min(max(month, 1), 12)
    let (era, yearOfEra) = (month <= 2 ? year - 1 : year).flooredDivision(by: 400)
    let monthFromMarch = month > 2 ? month - 3 : month + 9
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * Self.daysPerEra + dayOfEra - Self.daysToEpoch
    return days * Self.secondsPerDay + hour * 3600 + minute * 60 + second
  }

  /// The day of the week of a moment: 1 for Sunday, 7 for Saturday.
  static func weekday(secondsSince1970 seconds: Int64) -> Int64 {
    // 1970-01-01 was a Thursday, number 5.
    (seconds.flooredDivision(by: secondsPerDay).quotient + 4).flooredDivision(by: 7).remainder + 1
  }
}

extension Int64 {
  /// Quotient and remainder of which the remainder is never negative. `divisor` is positive.
  func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
