# anchors.awk - what there is to link to in docs/*.txt and in what mandoc made of the manual pages.
#
# pages.awk makes pages of what is found here.
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
        if (name != "operations.txt" && name != "monitoring.txt" && name != "scale.txt")
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

# A section may list the routes that it tells of, one with its option a line.
function read_listed(name, i, heading, part, key) {
    split(lines[name, i], part, " ")
    key = route_key(part[1] " " part[2])
    if (!(key in routes))
        routes[key] = heading
}

function read_text(name, i, part, heading) {
    heading = ""
    has_segment = 0
    in_errors = 0
    for (i = 1; i <= counts[name]; i++) {
        if (is_heading(name, i)) {
            read_heading(name, i)
            heading = heading_id[name, i] ~ /^section-/ ? "" : page(name) "#" heading_id[name, i]
        }
        read_options(name, i)
        if (heading != "" && lines[name, i] ~ /^    (GET|POST|PUT|DELETE) +\/[^ ]+\?[^ ]+  /)
            read_listed(name, i, heading)
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
