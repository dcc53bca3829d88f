#compdef nodedev
# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
# Completion of nodedev for zsh: the program itself says what may stand where.

local line candidate
local -a candidates typed=("${(@Q)words[2,CURRENT]}")

for line in "${(@f)$(_call_program candidates ${(q)words[1]} complete "${(@q)typed}")}"; do
    candidate=${line%%$'\t'*}
    if [[ $candidate == '<FILE>' ]]; then
        _files
        return
    fi
    if [[ $line == *$'\t'* ]]; then
        candidates+=("${candidate//:/\\:}:${line#*$'\t'}")
    elif [[ -n $line ]]; then
        candidates+=("${candidate//:/\\:}")
    fi
done
_describe nodedev candidates
