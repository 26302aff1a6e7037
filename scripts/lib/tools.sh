# For the scripts beside this folder, not to be run: what they need from the machine, and how they get it.

# say TEXT: one line to whoever started the script; stdout belongs to the guest.
say() { echo "$(basename "$0"): $*" >&2; }

# missing_build_packages -> the Debian packages that a build needs and that this machine lacks, in
# $packages. The toolchain brings compilers; libraries that its programs are linked with, headers,
# start-up files, static libraries and the linker are the system's.
missing_build_packages() {
  packages=()
  command -v git >/dev/null || packages+=(git)
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || packages+=(ca-certificates)
  [[ -e /usr/include/stdio.h ]] && compgen -G '/usr/lib/*/libc.a' >/dev/null || packages+=(libc6-dev)
  compgen -G '/usr/lib/gcc/*/*/libstdc++.a' >/dev/null || packages+=(g++)
  # The toolchain's clang links with gold: a package of its own in newer Debians, in older ones
  # another name for binutils.
  command -v ld.gold >/dev/null || packages+=(binutils-gold)

  local toolchain library
  toolchain=$(dirname "$(readlink -f "$(command -v swift)")")
  while read -r library; do
    case $library in
      libcurl.so.4) packages+=(libcurl4) ;;
      libedit.so.2) packages+=(libedit2) ;;
      libncurses.so.6 | libtinfo.so.6) packages+=(libncurses6) ;;
      libsqlite3.so.0) packages+=(libsqlite3-0) ;;
      libxml2.so.2) packages+=(libxml2) ;;
      libz.so.1) packages+=(zlib1g) ;;
    esac
  done < <(ldd "$toolchain"/swift-build "$toolchain"/swift-frontend "$toolchain"/clang 2>/dev/null |
    sed -nE 's/^\s*(\S+) => not found$/\1/p' | sort -u)
}

# missing_bench_packages -> what the benchmarks' peer needs besides, in $packages.
missing_bench_packages() {
  packages=()
  command -v qemu-system-x86_64 >/dev/null || packages+=(qemu-system-x86)
}

# install_packages NAME...: from Debian or Ubuntu, quietly; nothing to do without names.
install_packages() {
  (($# > 0)) || return 0
  local as_root=() log
  if ! command -v apt-get >/dev/null; then
    say "what Debian calls $* is missing; install it with this system's package manager and try again."
    return 1
  fi
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      say "packages are missing; as root, run: apt-get install $*"
      return 1
    fi
    as_root=(sudo)
  fi
  say "installing $*"
  log=$(mktemp)
  if ! { "${as_root[@]}" apt-get update &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    say "the packages could not be installed; see above."
    return 1
  fi
  rm -f "$log"
}

# need_build_tools: the Swift toolchain, and what it needs of the system, which is installed if
# missing. Ends the script where that cannot be had.
need_build_tools() {
  local packages version
  if ! command -v swift >/dev/null; then
    say "there is no swift on PATH. Install the toolchain, 6.2 or newer, from https://www.swift.org/install/linux and try again."
    exit 69
  fi
  missing_build_packages
  install_packages "${packages[@]}" || exit 69
  if ! version=$(swift --version 2>&1); then
    say "swift does not start: $version"
    exit 69
  fi
  if [[ $version =~ Swift\ version\ ([0-9]+)\.([0-9]+) ]] && ((BASH_REMATCH[1] * 100 + BASH_REMATCH[2] < 602)); then
    say "Swift ${BASH_REMATCH[1]}.${BASH_REMATCH[2]} is too old; 6.2 or newer is needed: https://www.swift.org/install/linux"
    exit 69
  fi
}

# quietly LOG COMMAND...: runs it and prints what it said only if it fails.
quietly() {
  local log=$1 status=0
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if ((status != 0)); then cat "$log" >&2; fi
  return $status
}
