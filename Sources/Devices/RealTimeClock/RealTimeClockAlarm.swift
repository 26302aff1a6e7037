/// The alarm of an MC146818: a time of day of which each part may be "any".
struct RealTimeClockAlarm: Equatable {
  /// Nil for any.
  var hour: Int64?
  var minute: Int64?
  var second: Int64?

  /// The first moment after `moment` (both in seconds since 1970) at which the alarm goes off. Nil
  /// if there is none, because a part has a value that no time has.
  func next(after moment: Int64) -> Int64? {
    guard (0..<24).contains(hour ?? 0), (0..<60).contains(minute ?? 0), (0..<60).contains(second ?? 0)
    else { return nil }

    var start = moment + 1
    // At most a day of hours and an hour of minutes are looked at: the parts that have a value
    // come round in that time.
    while true {
      let (_, secondOfDay) = start.flooredDivision(by: 86_400)
      if let hour, secondOfDay / 3600 != hour {
        start += 3600 - secondOfDay % 3600
      } else if let minute, secondOfDay / 60 % 60 != minute {
        start += 60 - secondOfDay % 60
      } else if let second, secondOfDay % 60 != second {
        start += 1
      } else {
        return start
      }
    }
  }
}
