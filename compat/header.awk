# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
# Reads virnodedev.h, for the program that is given to awk behind this one. The header is cbindgen's: comments before
# each item, one item a statement, one value or field a line.
#
# That program has a function for each kind of item, which finds the comment's parts in `about`, `parameters`, `returns`,
# `history` (the line "Since …") and `since` (the version of libvirt in it), and ends with forget():
#
#   take_macro()      a line of #define
#   take_group()      the begin of the enumeration `group`, and take_value() each line in it
#   take_structure()  the begin of the structure `structure`, and take_field() each line in it
#   take_statement()  any other item, in one line and without its semicolon

# The sentinels of enumerations are for programs that ask for them.
/^#ifdef VIR_ENUM_SENTINELS/ { hidden = 1 }
hidden { if (/^#endif/) hidden = 0; next }

/^ *\/\*\*/ {
    forget()
    in_comment = 1
    sub(/^ *\/\*\* ?/, "")
    if (sub(/ *\*\/ *$/, ""))
        in_comment = 0
    take_comment($0)
    next
}
in_comment {
    if (sub(/ *\*\/ *$/, ""))
        in_comment = 0
    sub(/^ *\* ?/, "")
    take_comment($0)
    next
}
/^ *\/\*/ { in_plain = 1 }
in_plain { if (/\*\//) in_plain = 0; next }

continued { continued = /\\$/; next }
/^#define / { continued = /\\$/; take_macro(); next }
/^#/ || /^ *$/ || /^extern "C"/ || /^}  *\/\// { next }

/^typedef enum [A-Za-z]+ \{/ { group = $3; take_group(); next }
/^typedef struct [A-Za-z_]+ \{/ { structure = $3; take_structure(); next }
(group || structure) && /^}/ { group = structure = ""; next }
group { take_value(); next }
structure { take_field(); next }

{
    statement = statement (statement ? " " : "") $0
    if (!/;$/)
        next
    gsub(/  +/, " ", statement)
    sub(/;$/, "", statement)
    take_statement(statement)
    statement = ""
}

function forget() {
    about = returns = since = history = current = ""
    split("", parameters)
}

function take_comment(line) {
    if (line ~ /^@param /) {
        current = line
        sub(/^@param +/, "", current)
        line = current
        sub(/ .*/, "", current)
        sub(/^[^ ]+ */, "", line)
        parameters[current] = line
    } else if (sub(/^@return /, "", line)) {
        current = "@return"
        returns = line
    } else if (line ~ /^Since /) {
        current = "@end"
        if (match(line, /\(libvirt [0-9.]+/))
            since = substr(line, RSTART + 9, RLENGTH - 9)
        history = line
    } else if (line == "" && current) {
        current = "@end"
    } else if (current == "@return") {
        returns = returns " " line
    } else if (current && current != "@end") {
        parameters[current] = parameters[current] " " line
    } else if (!current) {
        about = about (about == "" ? "" : "\n") line
    }
}

# "const char *name": its_type "const char *", its_name "name".
function split_declaration(text) {
    match(text, /[A-Za-z_0-9]+$/)
    its_name = substr(text, RSTART)
    its_type = substr(text, 1, RSTART - 1)
    sub(/ $/, "", its_type)
}

function trimmed(text) {
    sub(/\n+$/, "", text)
    return text
}
