#!/usr/bin/env bash
# What every scheduler runs. It keeps no state of its own: run it as often as you like, kill it at any moment.
#
#   radio-corpus.sh nightly [--dry-run]     build each corpus, then write its metrics
#   radio-corpus.sh weekly  [--dry-run]     hold each release against every digest and its gate, tag it, clear the store
#
# RADIO_CORPORA   names or files of corpora, separated by blanks
# RADIO_RAW, RADIO_IMAGES, RADIO_STORE    as for every command; RADIO_SERVER, RADIO_SERVER_KEY_FILE where a model is asked
# RADIO_OUT       where hand-overs go, if not into the store
# RADIO_WORKERS   as --workers; RADIO_METRICS  a folder for <corpus>.prom; RADIO_KEEP  as `gc --keep`: none, nothing is cleared
# RADIO_PYTHON    the Python of the environment; python3 where nothing is said
#
# Ends with the first exit code that was not 0 (README.md has their meaning), after all that did not depend on it.
set -uo pipefail

what=${1:-}
dry=${2:-${RADIO_DRY_RUN:+--dry-run}}
case "$what:$dry" in
    nightly: | weekly: | nightly:--dry-run | weekly:--dry-run) ;;
    *) echo "usage: radio-corpus.sh nightly|weekly [--dry-run]" >&2; exit 2 ;;
esac
if [ -z "${RADIO_CORPORA:-}" ]; then
    echo "radio-corpus.sh: RADIO_CORPORA is not set; expected names or files of corpora, separated by blanks" >&2
    exit 2
fi
read -r -a corpora <<< "$RADIO_CORPORA"
out=()
[ -z "${RADIO_OUT:-}" ] || out=(--out "$RADIO_OUT")
workers=()
[ -z "${RADIO_WORKERS:-}" ] || workers=(--workers "$RADIO_WORKERS")
worst=0

curation() {
    echo "+ curation $*" >&2
    [ -n "$dry" ] && return 0
    "${RADIO_PYTHON:-python3}" -m curation "$@"
    local code=$?
    [ "$worst" -ne 0 ] || worst=$code
    return "$code"
}

nightly() {
    local corpus
    for corpus in "${corpora[@]}"; do
        if [ -n "$dry" ]; then
            "${RADIO_PYTHON:-python3}" -m curation plan "$corpus" || worst=$?
        fi
        curation build "$corpus" "${workers[@]}" "${out[@]}"
        if [ -n "${RADIO_METRICS:-}" ]; then
            [ -n "$dry" ] || mkdir -p "$RADIO_METRICS"
            curation status "$corpus" "${out[@]}" --textfile "$RADIO_METRICS/$(basename "$corpus" .toml).prom" > /dev/null
        fi
    done
}

weekly() {
    local corpus name
    for corpus in "${corpora[@]}"; do
        name=$(basename "$corpus" .toml)
        curation check "$corpus" "${out[@]}" && curation tag "$name-$(date -u +%Y-%m-%d)" "latest-$name" --move
    done
    [ -z "${RADIO_KEEP:-}" ] || curation gc "${corpora[@]}" "${out[@]}" --keep "$RADIO_KEEP" --yes
}

"$what"
exit "$worst"
