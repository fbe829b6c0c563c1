# Debian packages Gatepost needs, and installing those that are missing. Sourced by the scripts beside it.
# docs/dependencies.md says what each is for.

gp_build_packages() {
  local boost=1.81
  apt-cache show libboost1.81-dev >/dev/null 2>&1 || boost=1.83        # Debian 13
  cat <<LIST
clang-19 libclang-rt-19-dev libstdc++-12-dev cmake ninja-build ccache mold git pkg-config ca-certificates
libboost${boost}-dev libboost-json${boost}-dev libssl-dev libfmt-dev libicu-dev librocksdb-dev libzstd-dev zlib1g-dev libsqlite3-dev
libgsasl-dev libkrb5-dev libsodium-dev libldap-dev libunbound-dev libidn2-dev libcurl4-openssl-dev libtomlplusplus-dev libcli11-dev libsystemd-dev libseccomp-dev libnetfilter-log-dev libnftables-dev libnghttp2-dev libbrotli-dev libpugixml-dev libarchive-dev
libgtest-dev libgmock-dev
openssl procps
LIST
  # For the webmail. A Node.js from elsewhere brings npm with it, and Debian's could not stand beside it.
  command -v npm >/dev/null || echo "nodejs npm"
}

gp_test_packages() {
  cat <<LIST
clang-format-19 clang-tidy-19 llvm-19
python3 python3-ldap3 curl nghttp2-client pebble bind9 swaks isync ldap-utils libsasl2-modules netcat-openbsd iproute2 nftables iptables systemd-container dbus-daemon python3-dbus python3-gi
samba-ad-dc samba-ad-provision krb5-user python3-gssapi libsasl2-modules-gssapi-mit
chromium fonts-dejavu-core
poppler-utils catdoc
LIST
}

# Services that come with those and that nobody here asked for: tests start their own, elsewhere.
gp_unwanted_services="smbd nmbd winbind samba-ad-dc"

# gp_install GROUP...   installs what dpkg does not have; asks nothing.
gp_install() {
  command -v dpkg-query >/dev/null || { echo "This is not a Debian system: install the packages named in script/lib/packages.sh yourself."; return 0; }
  local wanted=() missing=() package group
  # Package names depend on the release, and a fresh system has no package list at all.
  if ! apt-cache show libssl-dev >/dev/null 2>&1; then gp_apt update; fi
  for group in "$@"; do
    for package in $("gp_${group}_packages"); do wanted+=("$package"); done
  done
  for package in "${wanted[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  echo "Installing: ${missing[*]}"
  gp_installed=1
  case " ${missing[*]} " in *" samba-ad-dc "*) gp_without_services install_missing ;; *) install_missing ;; esac
}
install_missing() {  # what gp_install found
  gp_apt install -y --no-install-recommends "${missing[@]}" || { gp_apt update && gp_apt install -y --no-install-recommends "${missing[@]}"; }
}

# gp_without_services COMMAND...   nothing that it installs starts a service now (policy-rc.d), and gp_unwanted_services do not at the next boot
# either, unless they are there already because somebody uses them.
gp_without_services() {
  local as_root=() policy=/usr/sbin/policy-rc.d own=0 unit code
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  for unit in $gp_unwanted_services; do
    [ -e "/lib/systemd/system/$unit.service" ] || [ -e "/etc/systemd/system/$unit.service" ] && continue
    [ -d /etc/systemd/system ] && "${as_root[@]}" ln -s /dev/null "/etc/systemd/system/$unit.service"
  done
  if [ ! -e "$policy" ]; then
    own=1
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null && "${as_root[@]}" chmod 755 "$policy"
  fi
  "$@"
  code=$?
  [ $own = 0 ] || "${as_root[@]}" rm -f "$policy"
  return $code
}

# Firewall products that tests load Gatepost's exports with, below build/peers/firewalls and not installed: the service of
# firewalld would take over the machine's own firewall. Where they cannot be had, those tests are skipped.
gp_unpack_firewalls() {
  local there=$PWD/build/peers/firewalls work
  [ -x "$there/usr/sbin/firewalld" ] && [ -x "$there/usr/sbin/ufw" ] && return 0
  work=$(mktemp -d)
  (cd "$work" && apt-get -q download ufw firewalld python3-firewall python3-nftables) >/dev/null 2>&1 || { rm -rf "$work"; return 0; }
  mkdir -p "$there"
  for package in "$work"/*.deb; do dpkg -x "$package" "$there"; done
  if [ -d "$there/lib" ]; then cp -a "$there/lib/." "$there/usr/lib/" && rm -rf "$there/lib"; fi
  rm -rf "$work"
}

# A directory server for tests, below build/peers/slapd and not installed: its package would start a service.
gp_unpack_slapd() {
  local there=$PWD/build/peers/slapd work package
  [ -x "$there/usr/sbin/slapd" ] || [ -x /usr/sbin/slapd ] && return 0
  work=$(mktemp -d)
  # The libraries' names depend on the release; those that are not there under one are under the other.
  for package in slapd libltdl7 libwrap0 libnsl2 libtirpc3 libtirpc3t64; do
    (cd "$work" && apt-get -q download "$package") >/dev/null 2>&1
  done
  mkdir -p "$there"
  for package in "$work"/*.deb; do [ -f "$package" ] && dpkg -x "$package" "$there"; done
  rm -rf "$work"
}

# A system made by debootstrap has no /etc/hosts, and without it no client finds "localhost", which RFC 6761 6.3 promises.
gp_localhost() {
  getent ahosts localhost >/dev/null && return 0
  echo "This system does not know localhost: adding it to /etc/hosts."
  local sudo=()
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  printf '127.0.0.1\tlocalhost\n::1\tlocalhost\n' | "${sudo[@]}" tee -a /etc/hosts >/dev/null || echo "That failed: use 127.0.0.1 in place of localhost."
}

gp_apt() {
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Packages are missing and there is no sudo: run this once as root."; return 1; }
    sudo=(sudo)
  fi
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a apt-get -q -o Dpkg::Use-Pty=0 "$@" >/tmp/gatepost-apt.$$ 2>&1 ||
    { tail -n 20 /tmp/gatepost-apt.$$; rm -f /tmp/gatepost-apt.$$; return 1; }
  rm -f /tmp/gatepost-apt.$$
}
