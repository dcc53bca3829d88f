# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
# Writes the page of `nodedev report`, with its style and scripts, as an array of lines for C.
#
#   LC_ALL=C awk -f embed.awk page.html
#
# A line @include FILE@ stands for the lines of that file beside the page.

BEGIN { print "#include \"report.h\"\n\nconst char *const report_page[] = {" }

/^@include .*@$/ {
    file = FILENAME
    sub(/[^\/]*$/, "", file)
    file = file substr($2, 1, length($2) - 1)
    while ((status = (getline line <file)) > 0)
        write(line)
    if (status < 0) {
        print "embed.awk: cannot read " file >"/dev/stderr"
        exit 1
    }
    close(file)
    next
}

{ write($0) }

END { print "    0\n};" }

# A question mark is escaped because of trigraphs.
function write(line) {
    gsub(/\\/, "&&", line)
    gsub(/["?]/, "\\\\&", line)
    print "    \"" line "\\n\","
}
