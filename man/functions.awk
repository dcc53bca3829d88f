# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
# Writes a manual page for each function that virnodedev.h declares, from its comment.
#
#   awk -f header.awk -f functions.awk -v folder=DIR virnodedev.h     writes DIR/NAME.3
#   awk -f header.awk -f functions.awk -v names=1 virnodedev.h        prints the names

function take_macro() { forget() }
function take_group() { forget() }
function take_value() { forget() }
function take_structure() { forget() }
function take_field() { forget() }

function take_statement(text) {
    if (text !~ /^typedef |^extern / && match(text, /\(/)) {
        split_declaration(substr(text, 1, RSTART - 1))
        if (names)
            print its_name
        else
            write_page(its_name, text)
    }
    forget()
}

function write_page(name, declaration,    file, parts, n, i, errors) {
    file = folder "/" name ".3"
    print ".\\\" SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0" >file
    print ".\\\" Made from virnodedev.h." >file
    print ".TH " name " 3 \"\" \"virnodedev\" \"Library functions\"" >file
    print ".SH NAME\n" name " \\- " plain(summary(about)) >file
    print ".SH SYNOPSIS\n.nf\n.B #include <virnodedev.h>\n.PP" >file
    write_declaration(name, declaration, file)
    print ".fi\n.PP\nCompile and link with\n.BR \"$(pkg\\-config \\-\\-cflags \\-\\-libs virnodedev)\" ." >file
    print ".SH DESCRIPTION" >file
    errors = write_text(trimmed(about), file)
    n = arguments_of(declaration, parts)
    if (n)
        print ".SH ARGUMENTS" >file
    for (i = 1; i <= n; i++) {
        split_declaration(parts[i])
        print ".TP\n.I " its_name >file
        print roff(parameters[its_name]) >file
    }
    if (returns)
        print ".SH RETURN VALUE\n" roff(sentence(returns)) >file
    if (errors)
        print ".SH ERRORS\nThe numbers are those of\n.IR virErrorNumber ;\n.B virGetLastError()\ntells them.\n.PP\n" errors >file
    print ".SH HISTORY\n" roff(history) >file
    print ".SH SEE ALSO\n.BR virnodedev (7)" >file
    close(file)
}

# One line if it fits, else one for each argument.
function write_declaration(name, declaration, file,    at, head, parts, n, i) {
    if (length(declaration) < 76) {
        print ".B \"" declaration ";\"" >file
        return
    }
    at = index(declaration, "(")
    head = substr(declaration, 1, at)
    n = arguments_of(declaration, parts)
    for (i = 1; i <= n; i++)
        print ".B \"" (i == 1 ? head : sprintf("%" length(head) "s", "")) parts[i] (i == n ? ");" : ",") "\"" >file
}

function arguments_of(declaration, parts,    inside) {
    inside = substr(declaration, index(declaration, "(") + 1)
    sub(/\)$/, "", inside)
    return inside == "void" ? 0 : split(inside, parts, /, */)
}

# Writes the paragraphs but those about errors, and returns these.
function write_text(text, file,    paragraphs, n, i, errors) {
    n = split(text, paragraphs, /\n\n+/)
    errors = ""
    for (i = 1; i <= n; i++) {
        if (paragraphs[i] ~ /^Errors/) {
            sub(/^Errors: */, "", paragraphs[i])
            errors = errors (errors ? "\n.PP\n" : "") roff(paragraphs[i])
        } else
            print (i > 1 ? ".PP\n" : "") roff(paragraphs[i]) >file
    }
    return errors
}

# The first sentence, as a part of one.
function summary(text) {
    text = trimmed(text)
    gsub(/\n/, " ", text)
    if (match(text, /[.:;] /))
        text = substr(text, 1, RSTART - 1)
    sub(/\.$/, "", text)
    return text ~ /^.[A-Z]/ ? text : tolower(substr(text, 1, 1)) substr(text, 2)
}

function sentence(text) {
    text = toupper(substr(text, 1, 1)) substr(text, 2)
    return text ~ /[.]$/ ? text : text "."
}

# Text with its functions in bold.
function roff(text) {
    text = plain(text)
    gsub(/(vir|vnd)[A-Z][A-Za-z]*\(\)/, "\\fB&\\fP", text)
    return text
}

# Text of which no character is a command of roff.
function plain(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    gsub(/\n\./, "\n\\\\\\&.", text)
    gsub(/\n'/, "\n\\\\\\&'", text)
    sub(/^\./, "\\\\\\&.", text)
    return text
}
