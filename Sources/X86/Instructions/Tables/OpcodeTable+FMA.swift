/// Fused multiply-add in VEX map 2: rows 9x, Ax and Bx are orders of the operands, VEX.W is the
/// type (SDM Vol. 2, table A-4).
extension OpcodeTable {
  mutating func addFMA() {
    typealias Pair = (single: Operation, double: Operation)
    func packed(_ pair: Pair) -> OpcodeEntry {
      byWide(
        .op(pair.single, .vx, .hx, .wx).of(.fma), .op(pair.double, .vx, .hx, .wx).of(.fma))
    }
    func scalar(_ pair: Pair) -> OpcodeEntry {
      byWide(
        .op(pair.single, .vo, .ho, .wd).of(.fma), .op(pair.double, .vo, .ho, .wq).of(.fma))
    }
    let packedRows: [(opcode: Int, pair: Pair)] = [
      (0x96, (.vfmaddsub132ps, .vfmaddsub132pd)), (0x97, (.vfmsubadd132ps, .vfmsubadd132pd)),
      (0x98, (.vfmadd132ps, .vfmadd132pd)), (0x9A, (.vfmsub132ps, .vfmsub132pd)),
      (0x9C, (.vfnmadd132ps, .vfnmadd132pd)), (0x9E, (.vfnmsub132ps, .vfnmsub132pd)),
      (0xA6, (.vfmaddsub213ps, .vfmaddsub213pd)), (0xA7, (.vfmsubadd213ps, .vfmsubadd213pd)),
      (0xA8, (.vfmadd213ps, .vfmadd213pd)), (0xAA, (.vfmsub213ps, .vfmsub213pd)),
      (0xAC, (.vfnmadd213ps, .vfnmadd213pd)), (0xAE, (.vfnmsub213ps, .vfnmsub213pd)),
      (0xB6, (.vfmaddsub231ps, .vfmaddsub231pd)), (0xB7, (.vfmsubadd231ps, .vfmsubadd231pd)),
      (0xB8, (.vfmadd231ps, .vfmadd231pd)), (0xBA, (.vfmsub231ps, .vfmsub231pd)),
      (0xBC, (.vfnmadd231ps, .vfnmadd231pd)), (0xBE, (.vfnmsub231ps, .vfnmsub231pd)),
    ]
    for (opcode, pair) in packedRows { vex(2, opcode, byPrefix(p66: packed(pair))) }
    let scalarRows: [(opcode: Int, pair: Pair)] = [
      (0x99, (.vfmadd132ss, .vfmadd132sd)), (0x9B, (.vfmsub132ss, .vfmsub132sd)),
      (0x9D, (.vfnmadd132ss, .vfnmadd132sd)), (0x9F, (.vfnmsub132ss, .vfnmsub132sd)),
      (0xA9, (.vfmadd213ss, .vfmadd213sd)), (0xAB, (.vfmsub213ss, .vfmsub213sd)),
      (0xAD, (.vfnmadd213ss, .vfnmadd213sd)), (0xAF, (.vfnmsub213ss, .vfnmsub213sd)),
      (0xB9, (.vfmadd231ss, .vfmadd231sd)), (0xBB, (.vfmsub231ss, .vfmsub231sd)),
      (0xBD, (.vfnmadd231ss, .vfnmadd231sd)), (0xBF, (.vfnmsub231ss, .vfnmsub231sd)),
    ]
    for (opcode, pair) in scalarRows { vex(2, opcode, byPrefix(p66: scalar(pair))) }
  }
}
