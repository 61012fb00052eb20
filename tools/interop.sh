#!/bin/sh
# What `make interop` needs beside Python: Node.js and npm of the machine, and Apache with mod_auth_openidc, which are
# installed where they are missing and can be (Debian, Ubuntu, as root). Packages of npm and of Python are installed by
# the tests themselves, from lock files, into folders of their own.
set -eu

have() { [ -e /usr/lib/apache2/modules/mod_auth_openidc.so ]; }

if ! have; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        # RUNLEVEL: the packages must not start a server of their own.
        RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
            apache2 libapache2-mod-auth-openidc >/dev/null
    else
        echo "make interop needs Apache 2.4 with mod_auth_openidc: apt-get install apache2 libapache2-mod-auth-openidc" >&2
        exit 1
    fi
fi
for program in node npm; do
    command -v $program >/dev/null || { echo "make interop needs Node.js 20 and npm" >&2; exit 1; }
done
