#!/bin/sh
# Fetches MNIST into a directory (default: data/mnist) and verifies it.
# Stop it and start it again as you like: it resumes, and skips what is already right.
set -eu

mirrors="https://ossci-datasets.s3.amazonaws.com/mnist https://storage.googleapis.com/cvdf-datasets/mnist"
directory=${1:-data/mnist}

say() { printf '%s\n' "$*" >&2; }
fail() { say "get-mnist: $*"; exit 1; }

if command -v sha256sum >/dev/null; then
    sha256() { sha256sum "$1" | cut -d ' ' -f 1; }
elif command -v shasum >/dev/null; then
    sha256() { shasum -a 256 "$1" | cut -d ' ' -f 1; }
else
    fail "neither sha256sum nor shasum is installed; one is needed to verify the files"
fi
command -v curl >/dev/null || fail "curl is not installed"
mkdir -p "$directory" || fail "cannot create $directory; give another directory as the argument"

# is_right FILE SHA256
is_right() { [ -f "$1" ] && [ "$(sha256 "$1")" = "$2" ]; }

# fetch NAME SHA256
fetch() {
    file=$directory/$1
    part=$file.part
    if is_right "$file" "$2"; then
        say "$1: already there"
        return
    fi
    for mirror in $mirrors; do
        # Interrupted between download and renaming, the piece is whole: there is nothing left to ask for.
        if ! is_right "$part" "$2"; then
            say "$1: from $mirror"
            status=0
            curl --fail --location --retry 2 --connect-timeout 20 --continue-at - \
                --output "$part" "$mirror/$1" || status=$?
            case $status in
                0) ;;
                22 | 33 | 36) # HTTP error, or the server cannot continue this piece: start it afresh next time.
                    rm -f "$part" ;;
                *) say "$1: interrupted (curl exit status $status); what has arrived is kept" ;;
            esac
        fi
        if is_right "$part" "$2"; then
            mv -f "$part" "$file"
            say "$1: verified"
            return
        fi
        if [ "$status" = 0 ]; then
            say "$1: this is not the published file; discarded"
            rm -f "$part"
        fi
    done
    fail "$1: no mirror delivered it; check the connection and run this again, it continues where it stopped"
}

fetch train-images-idx3-ubyte.gz 440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609
fetch train-labels-idx1-ubyte.gz 3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c
fetch t10k-images-idx3-ubyte.gz 8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6
fetch t10k-labels-idx1-ubyte.gz f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6
say "MNIST is in $directory: prunella run --data $directory"
