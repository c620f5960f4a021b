# pages.awk - docs/*.txt, and what mandoc made of the manual pages, as one linked set of pages.
#
#   awk -v out=FOLDER -f anchors.awk -f pages.awk TABLE.c… TEXT.txt… MANUAL.part…
#
# SPDX-License-Identifier: BSD-2-Clause

# --- links in a text ---------------------------------------------------------------------------------------

function link_sections(name, text, result, number, rest, to) {
    result = ""
    while (match(text, /[0-9]+/)) {
        number = substr(text, RSTART, RLENGTH)
        rest = substr(text, RSTART + RLENGTH)
        text = substr(text, 1, RSTART - 1)
        to = (name, number + 0) in sections ? sections[name, number + 0] : sections["", number + 0]
        result = result text (to == "" ? number : link(to, number))
        text = rest
    }
    return result text
}

function is_page(word) {
    return word in kinds
}

# "queue_ttl" and "deflate = on", when "in restmq.conf" stands behind
function setting_of(word, rest) {
    gsub(/"/, "", word)
    sub(/ .*/, "", word)
    return word in settings && rest ~ /^[ \n]in[ \n]restmq\.conf/ ? word : ""
}

function link_quoted(word, rest, bare_word) {
    bare_word = substr(word, 2, length(word) - 2)
    gsub(/\n/, " ", bare_word)
    if (bare_word in error_place)
        return link("protocol.html#" bare_word, word)
    if (bare_word in titles)
        return link(titles[bare_word], word)
    if (setting_of(word, rest) != "")
        return link("restmq.conf.5.html#" setting_of(word, rest), word)
    return ""
}

function link_word(name, word, rest, to) {
    if (word ~ /\.txt$/)
        return is_page(word) ? link(page(word), word) : ""
    if (word ~ /\)$/) {
        to = word
        sub(/\(/, ".", to)
        sub(/\)/, "", to)
        return is_page(to ".part") ? link(to ".html", word) : ""
    }
    if (word ~ /^[Ss]ection/)
        return link_sections(name, word)
    if (word ~ /^"/)
        return link_quoted(word, rest)
    to = find_route(word)
    return to == "" ? "" : link(to, word)
}

function linked(name, text, result, word, before, rest, to) {
    result = ""
    while (match(text, /[a-z]+\.txt|[a-z][a-z.-]+\([1-8]\)|[Ss]ections?[ \n][0-9]+((,| and)[ \n][0-9]+)*|"[^"]+"|(GET|POST|PUT|DELETE) \/[^ \n,;:)"]*/)) {
        word = substr(text, RSTART, RLENGTH)
        if (word ~ /^(GET|POST|PUT|DELETE) .*[^.]\.$/)
            word = substr(word, 1, RLENGTH - 1)
        before = substr(text, 1, RSTART - 1)
        rest = substr(text, RSTART + length(word))
        to = link_word(name, word, rest)
        if (to == "" && word ~ /^"/) { # there may be something inside the quotes
            rest = substr(word, 2) rest
            word = "\""
        }
        result = result escape(before) (to == "" ? escape(word) : to)
        text = rest
    }
    return result escape(text)
}

# --- writing -----------------------------------------------------------------------------------------------

function put(text) {
    printf "%s", text > file
}

function begin_page(target, title) {
    file = out "/" target
    put("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n" \
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" \
        "<title>" escape(title) "</title>\n<link rel=\"stylesheet\" href=\"style.css\">\n</head>\n<body>\n")
    if (target != "index.html")
        put("<p class=\"up\"><a href=\"index.html\">All documents</a></p>\n")
}

function end_page() {
    put("</body>\n</html>\n")
    close(file)
}

# A line that is shown as it is: of the tables of routes and errors, of a list of sections, or another.
function shown(name, i, line, part, id, to, rest) {
    line = lines[name, i]
    split(line, part, " ")
    if (line ~ /^    (GET|POST|PUT|DELETE) +\//) {
        to = find_route(part[1] " " part[2])
        id = name == "protocol.txt" && !past_heading ? part[1] part[2] : ""
        if (id != "")
            table[++table_count] = id
        match(line, /\/[^ ]*/)
        rest = substr(line, RSTART + RLENGTH)
        line = substr(line, 1, RSTART - 1) (to == "" ? escape(part[2]) : link(to, part[2])) linked(name, rest)
        return id == "" ? line : "<span id=\"" attribute(id) "\">" line "</span>"
    }
    if (name == "protocol.txt" && part[2] in error_place && error_place[part[2]] == i) {
        sub(part[2], "<b id=\"" part[2] "\">" part[2] "</b>", line)
        return line
    }
    if (line ~ /^ +[0-9]+ +[A-Z]/ && !past_heading) {
        to = (name, part[1] + 0) in sections ? sections[name, part[1] + 0] : sections["", part[1] + 0]
        if (to != "") {
            match(line, /[^ 0-9]/)
            id = substr(line, RSTART)
            line = substr(line, 1, RSTART - 1)
            match(id "  ", /  /)
            rest = substr(id, RSTART)
            return line link(to, substr(id, 1, RSTART - 1)) linked(name, rest)
        }
    }
    return line ~ /^    ([a-z]?[<>]|[$#]|redis>)/ ? escape(line) : linked(name, line)
}

function end_block() {
    if (block == "p")
        put("<p>" block_marks linked(name, text) "</p>\n")
    else if (block == "li")
        put("<li>" block_marks linked(name, text) "</li>\n")
    else if (block == "pre")
        put("</pre>\n")
    block = ""
    block_marks = ""
    text = ""
}

function end_list() {
    if (in_list)
        put("</ul>\n")
    in_list = 0
}

function begin_block(what) {
    end_block()
    if (what != "li")
        end_list()
    else if (!in_list)
        put("<ul>\n")
    if (what == "li")
        in_list = 1
    block = what
    empties = 0
    pre_begins = what == "pre"
    if (pre_begins)
        put("<pre>")
}

function write_heading(i, level) {
    end_block()
    end_list()
    level = numbered[name] && lines[name, i] !~ /^[0-9]+  / ? 3 : 2
    put("<h" level " id=\"" attribute(heading_id[name, i]) "\">" extra[name, i] marks[name, i] \
        escape(lines[name, i]) "</h" level ">\n")
    past_heading = 1
}

function write_line(i, line) {
    line = lines[name, i]
    if (line == "") {
        empties++
        if (block != "pre" && block != "li")
            end_block()
        return
    }
    if (is_heading(name, i)) {
        write_heading(i)
        return
    }
    if (line ~ /^    / && !(block == "li" && !empties)) {
        if (block != "pre")
            begin_block("pre")
        for (; empties > 0; empties--)
            put("\n")
        put((pre_begins ? "" : "\n") marks[name, i] shown(name, i))
        pre_begins = 0
        return
    }
    if (line ~ /^ (-|[0-9]+\.) /) {
        begin_block("li")
        sub(/^ - /, "", line)
    } else if (line ~ /^   / && block == "li") {
        if (empties)
            text = text "\n"
        sub(/^   /, "", line)
    } else if (block != "p" || empties) {
        begin_block("p")
    }
    empties = 0
    block_marks = block_marks marks[name, i]
    text = text (text == "" ? "" : "\n") line
}

function write_contents(i, n) {
    for (i = 1; i <= counts[name]; i++)
        n += is_heading(name, i)
    if (n < 3 || lines[name, 4] ~ /^    1  /)
        return
    put("<nav>\n<ul>\n")
    for (i = 1; i <= counts[name]; i++)
        if (is_heading(name, i))
            put("<li>" link("#" heading_id[name, i], lines[name, i]) "</li>\n")
    put("</ul>\n</nav>\n")
}

function write_text(i) {
    begin_page(page(name), lines[name, 1])
    put("<h1>" escape(lines[name, 1]) "</h1>\n")
    write_contents()
    past_heading = 0
    in_list = 0
    block = ""
    empties = 0
    for (i = lines[name, 2] ~ /^=/ ? 3 : 2; i <= counts[name]; i++)
        write_line(i)
    end_block()
    end_list()
    end_page()
}

# mandoc makes a link of each manual page that is named, and none of our texts.
function link_manual(line, result, word, before, to) {
    result = ""
    while (match(line, /<a class="Xr" href="[^"]*">[^<]*<\/a>|<span class="Pa">[a-z]+\.txt<\/span>/)) {
        word = substr(line, RSTART, RLENGTH)
        before = substr(line, 1, RSTART - 1)
        line = substr(line, RSTART + RLENGTH)
        gsub(/<[^>]*>/, "", word)
        to = link_word(name, word, "")
        result = result before (to == "" ? word : to)
    }
    return result line
}

function manual_title(title) {
    title = name
    sub(/\.part$/, "", title)
    sub(/\.[1-8]$/, "(&)", title)
    sub(/\(\./, "(", title)
    return title
}

function write_manual(i, line) {
    begin_page(page(name), manual_title())
    for (i = 1; i <= counts[name]; i++) {
        line = lines[name, i]
        while (line ~ /<a class="Xr"[^>]*>[^<]*$/ || line ~ /<a$|<a class="Xr"$|<span$/)
            line = line " " lines[name, ++i]
        gsub(/h2/, "h3", line)
        gsub(/<h1/, "<h2", line)
        gsub(/<\/h1/, "</h2", line)
        if (line ~ /<table class="head">/)
            put("<h1>" escape(manual_title()) "</h1>\n")
        put(link_manual(line) "\n")
    }
    end_page()
}

# --- the page of all ----------------------------------------------------------------------------------------

# The first sentence of a text's first paragraph; of a manual page what mandoc calls its description.
function summary(name, i, text) {
    text = ""
    for (i = lines[name, 2] ~ /^=/ ? 3 : 2; i <= counts[name]; i++) {
        if (kinds[name] == "txt" && (text == "" ? lines[name, i] ~ /^[^ ]/ : lines[name, i] != ""))
            text = text (text == "" ? "" : " ") lines[name, i]
        else if (text != "" && kinds[name] == "txt")
            break
        if (kinds[name] == "part" && (text != "" || lines[name, i] ~ /class="Nd"/))
            text = text " " lines[name, i]
        if (kinds[name] == "part" && text ~ /<\/p>/)
            break
    }
    if (kinds[name] == "part") {
        sub(/.*class="Nd">/, "", text)
        sub(/<\/span>.*/, "", text)
        gsub(/  +/, " ", text)
        return text
    }
    if (match(text, /\.( |$)/))
        text = substr(text, 1, RSTART)
    return linked(name, text)
}

function write_index(i, part, last) {
    begin_page("index.html", "restmq-fcgi: documents")
    put("<h1>restmq-fcgi: documents</h1>\n<dl>\n")
    for (i = 1; i <= file_count; i++) {
        name = files[i]
        put("<dt>" (kinds[name] == "txt" ? link(page(name), lines[name, 1]) : link(page(name), manual_title())) \
            "</dt>\n<dd>" summary(name) "</dd>\n")
    }
    put("</dl>\n<h2>Routes</h2>\n<ul class=\"names\">\n")
    for (i = 1; i <= table_count; i++) {
        last = table[i]
        sub(/\//, " /", last)
        put("<li>" link("protocol.html#" table[i], last) "</li>\n")
    }
    put("</ul>\n<h2>Options</h2>\n<dl class=\"names\">\n")
    last = ""
    for (i = 1; i <= option_count; i++) {
        split(options[i], part, SUBSEP)
        if (i == 1 || part[1] != last)
            put((i == 1 ? "" : "</dd>\n") "<dt>/" part[1] "</dt>\n<dd>")
        last = part[1]
        put(link(option_page[options[i]] "#" option_id[options[i]], part[2]) "\n")
    }
    put("</dd>\n</dl>\n<h2>Settings</h2>\n<ul class=\"names\">\n")
    for (i = 1; i <= counts["restmq.conf.5.part"]; i++)
        if (lines["restmq.conf.5.part", i] ~ /<dt id="/) {
            split(lines["restmq.conf.5.part", i], part, "\"")
            put("<li>" link("restmq.conf.5.html#" part[2], part[2]) "</li>\n")
        }
    put("</ul>\n<h2>Errors</h2>\n<ul class=\"names\">\n")
    for (i = 1; i <= error_count; i++)
        put("<li>" link("protocol.html#" errors[i], errors[i]) "</li>\n")
    put("</ul>\n")
    end_page()
}

END {
    for (number = 1; number <= file_count; number++)
        if (kinds[files[number]] == "txt")
            read_text(files[number])
    place_options()
    for (number = 1; number <= file_count; number++) {
        name = files[number]
        if (kinds[name] == "txt")
            write_text()
        else
            write_manual()
    }
    write_index()
}
