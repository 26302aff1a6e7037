# For the scripts beside this folder, not to be run: how swiftvm is built for use.

# build_release ROOT: the static executable ROOT/.build/release/swiftvm.
#
# Static, because it starts in a fraction of the time. Linked by lld with an order of functions: those that
# a run of a guest calls lie together, so that the kernel, which maps a file in pieces of 64 KiB, brings in
# a megabyte and a half less of the program (docs/decisions/0012-link-order.md). The linker warns about
# parts of Foundation that would need glibc's shared libraries, and that nothing here calls.
build_release() {
  local root=$1
  # The build does not know of the list: without the program it links again.
  rm -f "$root/.build/release/swiftvm"
  quietly "$root/.build/swiftvm-build.log" swift build --package-path "$root" --configuration release \
    --product swiftvm -Xswiftc -static-executable -Xswiftc -use-ld=lld \
    -Xlinker "--symbol-ordering-file=$root/scripts/lib/link-order.txt" -Xlinker --no-warn-symbol-ordering
}

# need_release ROOT: builds it if its sources changed since the last build that went well. Ends the script
# where that fails. Needs lib/tools.sh.
need_release() {
  local root=$1 built=$1/.build/swiftvm-built      # as old as the start of that build
  # Folders count too: one is newer than the last build when a file in it came or went.
  local sources=("$root/Package.swift" "$root/CKVM" "$root/CLinux" "$root/Sources" "$root/scripts/lib/release.sh"
    "$root/scripts/lib/link-order.txt")
  if [[ -x $root/.build/release/swiftvm && -e $built && -z $(find "${sources[@]}" -newer "$built" -print -quit) ]]; then
    return 0
  fi
  need_build_tools
  say "building swiftvm (a few minutes the first time)"
  mkdir -p "$root/.build"
  touch "$built.new"
  if ! build_release "$root"; then
    say "swiftvm could not be built; see above."
    exit 70
  fi
  mv "$built.new" "$built"
}
