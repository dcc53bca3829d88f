# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
# Reads symbols.tsv and writes one of the two parts of a library that stands in for libvirt's.
#
#   awk -f stubs.awk -v part=c   -v library=libvirt.so.0 symbols.tsv     the stubs, in C
#   awk -f stubs.awk -v part=map -v library=libvirt.so.0 symbols.tsv     the version script
#
# Without a library: those of all of them, for the one that is preloaded. It has a function of its own beside them, of
# the C library, which the script leaves without a version, so that it serves those who ask for any.

BEGIN {
    FS = "\t"
    if (part == "c")
        print "#include \"stub.h\"\n"
}

/^#/ { next }

NF != 5 {
    print "symbols.tsv:" FNR ": five columns are needed" > "/dev/stderr"
    failed = 1
    exit
}

library != "" && $1 != library { next }

part == "map" {
    if ($2 != node) {
        close_node()
        # libvirt's nodes are chains: each library's own begins without a parent.
        parent = $1 == of ? node : ""
        of = $1
        node = $2
        print node " {\n    global:"
    }
    print "        " $3 ";"
    next
}

{ print stub($3, $4, $5) }

END {
    if (failed)
        exit 1
    if (part == "map")
        close_node()
}

function close_node() {
    if (node == "")
        return
    if (!hidden++ && library != "")
        print "    local:\n        *;"
    print "}" (parent == "" ? "" : " " parent) ";\n"
}

function stub(name, type, kind) {
    if (kind == "real")
        return (type == "data" ? "REAL_DATA" : "REAL") "(" name ")"
    if (kind == "-1" || kind == "NULL" || kind == "0")
        return "FAIL(" (type == "ptr" ? "void *" : type) ", " name ", " (type ~ /unsigned/ ? "(" type ")" : "") kind ")"
    if (kind == "void")
        return "NOTHING(" name ")"
    if (kind ~ /^(done|count|list|(de)?register(-callback)?)$/) {
        gsub("-", "_", kind)
        return toupper(kind) "(" name ")"
    }
    print "symbols.tsv:" FNR ": what is a stub of kind '" kind "'?" > "/dev/stderr"
    failed = 1
    exit
}
