# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
# Completion of nodedev for bash: the program itself says what may stand where.

_nodedev() {
    local line=${COMP_LINE:0:COMP_POINT} breaks=${COMP_WORDBREAKS//[^:=]/} typed before= candidate
    local -a words
    read -ra words <<<"$line"
    [[ $line != *[[:blank:]] ]] || words+=('')
    typed=${words[${#words[@]} - 1]}
    # Where bash has parted the word, candidates go behind the last place.
    [[ -z $breaks ]] || before=${typed%"${typed##*["$breaks"]}"}
    COMPREPLY=()
    while IFS=$'\t' read -r candidate _; do
        if [[ $candidate == '<FILE>' ]]; then
            compopt -o default
            return
        fi
        [[ $candidate != *[=,] ]] || compopt -o nospace
        COMPREPLY+=("${candidate#"$before"}")
    done < <("$1" complete "${words[@]:1}" 2>/dev/null)
}

complete -F _nodedev nodedev
