# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
# Completion of nodedev for fish: the program itself says what may stand where.

function __nodedev_candidates
    set -l words (commandline -opc) (commandline -ct)
    set -l candidates ($words[1] complete $words[2..-1] 2>/dev/null)
    if test "$candidates" = '<FILE>'
        __fish_complete_path (commandline -ct)
    else
        printf '%s\n' $candidates
    end
end

complete -c nodedev -f -a '(__nodedev_candidates)'
