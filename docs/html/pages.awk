# pages.awk - docs/*.txt, and what mandoc made of the manual pages, as one linked set of pages.
#
#   awk -v out=FOLDER -f pages.awk TABLE.c… TEXT.txt… MANUAL.part…
#
# The tables say which routes have which options.  Of a text: a heading stands behind two empty lines, a line
# set in by four spaces is shown as it is, " - " begins an item.  Everything is read first, since links lead forward.
#
# Anchors: section-7, a heading's words, GET/q/foo of the table of routes, GET/q/queue of a heading, option/q/ttl,
# bad_name of the table of errors.  mandoc makes those of the manual pages: a setting is its name.
#
# SPDX-License-Identifier: BSD-2-Clause

function base(path) {
    sub(/.*\//, "", path)
    return path
}

function escape(text) {
    gsub(/&/, "\\&amp;", text)
    gsub(/</, "\\&lt;", text)
    gsub(/>/, "\\&gt;", text)
    return text
}

function attribute(text) {
    text = escape(text)
    gsub(/"/, "\\&quot;", text)
    return text
}

function link(to, text) {
    return "<a href=\"" attribute(to) "\">" escape(text) "</a>"
}

function anchor(id) {
    return "<span id=\"" attribute(id) "\"></span>"
}

# --- reading ------------------------------------------------------------------------------------------------

FNR == 1 {
    name = base(FILENAME)
    kind = name
    sub(/.*\./, "", kind)
    if (kind != "c")
        files[++file_count] = name
    kinds[name] = kind
}

kind == "c" {
    if ($0 ~ /^#define [A-Z]+_OPTIONS "/) {
        split($0, part, "\"")
        macros[$2] = part[2]
    } else if ($0 ~ /^ *\{\{METHOD_/) {
        read_row($0)
    }
    next
}

{
    lines[name, FNR] = $0
    counts[name] = FNR
}

kind == "part" && /<dt id="/ && name == "restmq.conf.5.part" {
    split($0, part, "\"")
    settings[part[2]] = 1
}

# {{METHOD_GET, "q", NAMED, "queues", RIGHT, LOOKS, OPTIONS, …
function read_row(row, cell, i, n, words) {
    split(row, cell, /, */)
    gsub(/[ "]/, "", cell[2])
    if (cell[7] in macros)
        cell[7] = macros[cell[7]]
    gsub(/"/, "", cell[7])
    n = split(cell[7], words, " ")
    for (i = 1; i <= n; i++)
        if (!((cell[2], words[i]) in option_place)) {
            option_place[cell[2], words[i]] = ""
            options[++option_count] = cell[2] SUBSEP words[i]
        }
}

# --- what there is to link to --------------------------------------------------------------------------------

# GET /q/foo?count=5 and GET /q/<queue>?count=<n> are one: "GET /q/* count".
function route_key(route, path, query) {
    path = route
    query = ""
    if (match(path, /\?/)) {
        query = substr(path, RSTART + 1)
        path = substr(path, 1, RSTART - 1)
        sub(/=.*/, "", query)
    }
    sub(/<[a-z]+>/, "*", path)
    sub(/\/(foo|news|files|chan)/, "/*", path)
    if (path ~ /..\/$/)
        sub(/\/$/, "", path)
    return path (query == "" ? "" : " " query)
}

function first_segment(path) {
    sub(/^[A-Z]+ /, "", path)
    sub(/^\//, "", path)
    sub(/[\/?].*/, "", path)
    return path
}

function add_route(route, place, key) {
    key = route_key(route)
    if (!(key in routes))
        routes[key] = place
    sub(/ [^ \/]+$/, "", key)
    if (!(key in bare))
        bare[key] = place
}

# Where a route is told of; "" when nowhere.
function find_route(route, key) {
    key = route_key(route)
    if (key in routes)
        return routes[key]
    sub(/ [^ \/]+$/, "", key)
    if (key in routes)
        return routes[key]
    return key in bare ? bare[key] : ((key "/*") in routes ? routes[key "/*"] : "")
}

function is_heading(name, i) {
    return i > 2 && lines[name, i] ~ /^[^ ]/ && lines[name, i - 1] == "" && lines[name, i - 2] == "" &&
        lines[name, i + 1] == ""
}

function page(name) {
    sub(/\.[a-z]+$/, ".html", name)
    return name
}

# The routes of a heading, or of the line that begins its text, are told of there.
function read_heading(name, i, text, id, n, part, j, methods, k, m) {
    text = lines[name, i]
    if (match(text, /^[0-9]+  /)) {
        id = "section-" (text + 0)
        numbered[name] = 1
        sections[name, text + 0] = page(name) "#" id
        if (name != "operations.txt" && name != "scale.txt")
            sections["", text + 0] = page(name) "#" id
        sub(/^[0-9]+  /, "", text)
        segment = ""
        has_segment = 0
    } else {
        id = tolower(text)
        gsub(/[^a-z0-9]+/, "-", id)
        gsub(/^-|-$/, "", id)
    }
    heading_id[name, i] = id
    if (!(text in titles))
        titles[text] = page(name) "#" id
    if (text !~ /^([A-Z]+ )?\// && lines[name, i + 2] ~ /^(GET|POST|PUT|DELETE) \//) {
        split(lines[name, i + 2], part, " ")
        text = part[1] " " part[2]
    }
    sub(/: .*/, "", text)
    n = split(text, part, /, ?/)
    for (j = 1; j <= n; j++)
        if (part[j] ~ /^(GET|POST|PUT|DELETE) \//) {
            add_route(part[j], page(name) "#" id)
            m = part[j]
            gsub(/[ <>]/, "", m)
            extra[name, i] = extra[name, i] anchor(m)
            segment = first_segment(part[j])
            has_segment = 1
        } else if (part[j] ~ /^\//) {
            k = split("GET POST PUT DELETE", methods, " ")
            for (m = 1; m <= k; m++)
                add_route(methods[m] " " part[j], page(name) "#" id)
            segment = first_segment(part[j])
            has_segment = 1
        }
}

function try_option(name, i, word, rank) {
    if (has_segment && (segment, word) in option_place)
        offer(segment SUBSEP word, name, i, rank)
}

function offer(option, name, i, rank) {
    if (option_place[option] == "" || rank < option_rank[option]) {
        option_place[option] = name SUBSEP i
        option_rank[option] = rank
    }
}

# Options are told of best by an item that begins with them, else where they stand in quotes, else as "name=".
function read_options(name, i, line, rest, word, rank) {
    line = lines[name, i]
    if (line ~ /^    [a-z]?[<>]/)
        return
    rank = line ~ /^ - "/ ? 1 : 2
    rest = line
    while (match(rest, /"[A-Za-z_]+"|[a-z_]+=/)) {
        word = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        if (word ~ /=$/) {
            sub(/=$/, "", word)
            try_option(name, i, word, 3)
            anywhere(name, i, word, 5)
        } else {
            gsub(/"/, "", word)
            try_option(name, i, word, rank)
            anywhere(name, i, word, 4)
            if (rest !~ /^(,| and|:)? *"/)
                rank = 2
        }
    }
}

function anywhere(name, i, word, rank) {
    if (!(word in mentions) || rank < mention_rank[word]) {
        mentions[word] = name SUBSEP i
        mention_rank[word] = rank
    }
}

function read_text(name, i, part) {
    has_segment = 0
    in_errors = 0
    for (i = 1; i <= counts[name]; i++) {
        if (is_heading(name, i))
            read_heading(name, i)
        read_options(name, i)
        if (name == "protocol.txt" && lines[name, i] ~ /^    [1-5][0-9][0-9] +[a-z_]+  /) {
            split(lines[name, i], part, " ")
            errors[++error_count] = part[2]
            error_place[part[2]] = i
        }
    }
}

# Where an option stands: the block that has the line.
function place_options(i, option, place, part, j) {
    for (i = 1; i <= option_count; i++) {
        option = options[i]
        place = option_place[option]
        split(option, part, SUBSEP)
        if (place == "" && part[2] in mentions)
            place = mentions[part[2]]
        if (place == "")
            continue
        option_id[option] = "option/" part[1] "/" part[2]
        split(place, part, SUBSEP)
        option_page[option] = page(part[1])
        marks[place] = marks[place] anchor(option_id[option])
    }
}

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
