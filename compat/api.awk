# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
# Reads virnodedev.h and writes what it declares of libvirt's API in the form of libvirt's own
# libvirt-api.xml.
#
#   awk -f header.awk -f api.awk -v name=libvirt virnodedev.h
#
# From a header without an item (/dev/null) comes a description without a symbol.

END {
    print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
    print "<!-- Connections, errors, events and node devices alone. Bindings of all of libvirt are built with libvirt's own. -->"
    print "<api name='" name "'>\n  <files>"
    for (f = 1; f <= files; f++) {
        print "    <file name='" file_names[f] "'>"
        for (i = 1; i <= count; i++)
            if (file_of(names[i]) == file_names[f])
                print "     <exports symbol='" names[i] "' type='" kinds[i] "'/>"
        print "    </file>"
    }
    print "  </files>\n  <symbols>"
    for (i = 1; i <= count; i++)
        print texts[i]
    print "  </symbols>\n</api>"
}

# --- items ------------------------------------------------------------------------

function take_macro(    macro, value) {
    macro = $2
    value = $0
    sub(/^#define [^ ]+ */, "", value)
    # A flag that the type of an enumeration cannot hold in C.
    if (value ~ /^\(1U << [0-9]+\)$/ && match(about, /of vir[A-Za-z]+/)) {
        group = substr(about, RSTART + 3, RLENGTH - 3)
        add_value(macro, value)
        group = ""
    } else if (macro ~ /^(VIR|LIBVIR)_[A-Z_]+$/ && value ~ /^[0-9]+$/) {
        add(macro, "macro", "    <macro name='" macro "' file='" file_of(macro) "' raw='" value "'" info_or_end("macro"))
    }
    forget()
}

function take_group() {
    add(group, "typedef", "    <typedef name='" group "' file='" file_of(group) "' type='enum'" version() info_or_end("typedef"))
}

function take_value(    value) {
    value = $0
    sub(/^ *[A-Za-z0-9_]+ = /, "", value)
    sub(/,$/, "", value)
    add_value($1, value)
}

function add_value(symbol, expression,    number) {
    gsub(/[()U]/, "", expression)
    number = expression
    # Powers are what some busybox were built without.
    if (split(expression, shift, / << /) == 2)
        for (number = shift[1]; shift[2] > 0; shift[2]--)
            number *= 2
    add(symbol, "enum", sprintf("    <enum name='%s' file='%s' value='%.0f' type='%s' info='%s'/>", symbol,
                                file_of(symbol), number, group, attribute(about)))
    forget()
}

function take_structure() { fields[structure] = "" }

function take_field(    declared) {
    declared = $0
    sub(/^ */, "", declared)
    sub(/;$/, "", declared)
    whole = declared
    is_array = sub(/\[[A-Z_0-9]+\]$/, "", declared)
    split_declaration(declared)
    # libvirt has the whole declaration of an array as its type.
    if (is_array)
        its_type = whole
    fields[structure] = fields[structure] sprintf("      <field name='%s' type='%s' info='%s'/>\n", its_name, its_type,
                                                  attribute(about))
    forget()
}

function take_statement(text,    inside, head) {
    if (text ~ /^typedef struct /) {
        split(text, word, " ")
        if (word[4] !~ /^_/)
            add_struct(word[4], word[3])
    } else if (match(text, /\(\*[A-Za-z]+\)\(/)) {
        its_name = substr(text, RSTART + 2, RLENGTH - 4)
        head = substr(text, 9, RSTART - 10)
        inside = substr(text, RSTART + RLENGTH)
        add_function("functype", its_name, head, inside)
    } else if (text ~ /^typedef /) {
        split_declaration(substr(text, 9))
        add(its_name, "typedef", "    <typedef name='" its_name "' file='" file_of(its_name) "' type='" its_type "'" \
            version() info_or_end("typedef"))
    } else if (text ~ /^extern /) {
        split_declaration(substr(text, 8))
        add(its_name, "variable", "    <variable name='" its_name "' file='" file_of(its_name) "' type='" its_type "'" \
            version() info_or_end("variable"))
    } else if (match(text, /\(/)) {
        inside = substr(text, RSTART + 1)
        split_declaration(substr(text, 1, RSTART - 1))
        add_function("function", its_name, its_type, inside)
    }
    forget()
}

function add_struct(symbol, tag,    text) {
    text = "    <struct name='" symbol "' file='" file_of(symbol) "' type='struct " tag "'" version()
    if (tag in fields)
        add(symbol, "struct", text ">\n" fields[tag] "    </struct>")
    else
        add(symbol, "struct", text "/>")
}

function add_function(kind, symbol, type, inside,    text, parts, n, i) {
    text = "    <" kind " name='" symbol "' file='" file_of(symbol) "' module='" file_of(symbol) "'" version() ">\n"
    text = text "      <info><![CDATA[" trimmed(about) "]]></info>\n"
    sub(/ $/, "", type)
    text = text "      <return type='" type "'" (type == "void" ? "" : " info='" attribute(returns) "'") "/>\n"
    sub(/\)$/, "", inside)
    n = inside == "void" ? 0 : split(inside, parts, /, */)
    for (i = 1; i <= n; i++) {
        split_declaration(parts[i])
        text = text "      <arg name='" its_name "' type='" its_type "' info='" attribute(parameters[its_name]) "'/>\n"
    }
    # libvirt's list of exports calls the type of a callback a function, too.
    add(symbol, "function", text "    </" kind ">")
}

# --- pieces -----------------------------------------------------------------------

function add(symbol, kind, text) {
    if (symbol ~ /^(vnd|VIRNODEDEV)/)
        return
    count++
    names[count] = symbol
    kinds[count] = kind
    texts[count] = text
    if (!(file_of(symbol) in known)) {
        known[file_of(symbol)] = 1
        file_names[++files] = file_of(symbol)
    }
}

# libvirt's header that has a symbol.
function file_of(symbol) {
    if (symbol ~ /^VIR_(ERR|WAR|FROM)_|[eE]rror/)
        return "virterror"
    if (symbol ~ /Node(Num|List|Dev)|NODE_DEVICE/)
        return "libvirt-nodedev"
    if (symbol ~ /^(virEvent|VIR_EVENT)/)
        return "libvirt-event"
    if (symbol ~ /^LIBVIR|CLOSE_REASON|^virConnectCloseReason|^virFreeCallback/)
        return "libvirt-common"
    if (symbol ~ /^vir(Domain|Network)(Ptr)?$/)
        return symbol ~ /Domain/ ? "libvirt-domain" : "libvirt-network"
    return "libvirt-host"
}

function version() { return since == "" ? "" : " version='" since "'" }

function info_or_end(element) {
    return about == "" ? "/>" : ">\n      <info><![CDATA[" trimmed(about) "]]></info>\n    </" element ">"
}

function attribute(text) {
    text = trimmed(text)
    gsub(/&/, "\\&amp;", text)
    gsub(/</, "\\&lt;", text)
    gsub(/'/, "\\&apos;", text)
    gsub(/\n/, " ", text)
    return text
}
