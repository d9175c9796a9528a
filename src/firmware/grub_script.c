/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GRUB's script language: words, quotes, variables, if, for, functions and braces. GRUB manual, "Writing full
 * configuration files directly". Receives any text; guarantees that it is run or passed over in one walk, of
 * bounded steps and depth, and that where it cannot be understood it ends there with a note, while what came
 * before stays. What is passed over (live is false) is only taken to words.
 */
#include "grub.h"

enum stop {
    STOP_END,
    STOP_CLOSE, /* } */
    STOP_THEN,
    STOP_ELIF,
    STOP_ELSE,
    STOP_FI,
    STOP_DO,
    STOP_DONE,
    STOP_BROKEN,
};

static enum stop run(struct fw_grub *grub, bool live);

uint64_t fw_grub_line(const struct fw_grub_at *at)
{
    uint64_t line = 1;

    for (const char *byte = at->text; byte < at->at; byte++)
        line += *byte == '\n';
    return line;
}

static enum stop broken(struct fw_grub *grub, const char *why)
{
    if (!grub->broken)
        fw_note("%s:%u: %s: the rest is left out", grub->at.path, fw_grub_line(&grub->at), why);
    grub->broken = true;
    return STOP_BROKEN;
}

static bool is_name(char byte)
{
    byte = fw_lower(byte);
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
}

static bool ends_word(char byte)
{
    return !byte || fw_is_space(byte) || byte == ';' || byte == '{' || byte == '}' || byte == '|' ||
           byte == '&' || byte == '<' || byte == '>';
}

static void put(struct fw_grub *grub, char byte)
{
    if (grub->scratch_used == FW_GRUB_SCRATCH)
        broken(grub, "a command is too long");
    else
        grub->scratch[grub->scratch_used++] = byte;
}

/* The word that began at scratch[begin] ends. */
static void end_word(struct fw_grub *grub, size_t begin)
{
    put(grub, '\0');
    if (grub->broken)
        return;
    if (grub->word_count == FW_GRUB_WORDS)
        broken(grub, "a command has too many words");
    else
        grub->words[grub->word_count++] = grub->scratch + begin;
}

/* A word that is read. */
struct word {
    size_t begin;
    bool any; /* has a byte, or a quote */
};

/* A value outside of quotes falls into words at its spaces. */
static void put_value(struct fw_grub *grub, const char *value, bool quoted, struct word *word)
{
    for (; *value && !grub->broken; value++) {
        if (!quoted && fw_is_space(*value)) {
            if (word->any)
                end_word(grub, word->begin);
            *word = (struct word){grub->scratch_used, false};
        } else {
            put(grub, *value);
            word->any = true;
        }
    }
}

/* $1, $#, $?, $@ and $*; false: another name. */
static bool put_special(struct fw_grub *grub, char name, bool quoted, struct word *word)
{
    char text[2] = {0};
    size_t index = (size_t)(name - '0');

    if (name >= '0' && name <= '9') {
        if (index != 0 && index <= grub->argument_count)
            put_value(grub, grub->arguments[index - 1], quoted, word);
        return true;
    }
    if (name == '#' || name == '?') {
        size_t value = name == '#' ? grub->argument_count : (size_t)(grub->status != 0);

        text[0] = (char)('0' + (value < 9 ? value : 9));
        put_value(grub, text, quoted, word);
        return true;
    }
    for (size_t i = 0; (name == '@' || name == '*') && i < grub->argument_count; i++) {
        if (i != 0)
            put_value(grub, " ", quoted && name == '*', word);
        put_value(grub, grub->arguments[i], quoted, word);
    }
    return name == '@' || name == '*';
}

/* At '$'. */
static void put_variable(struct fw_grub *grub, bool live, bool quoted, struct word *word)
{
    const char *name = grub->at.at + 1;
    bool brace = *name == '{';
    size_t length = 0;
    const char *value;

    name += brace;
    if (*name == '#' || *name == '?' || *name == '@' || *name == '*' || (*name >= '0' && *name <= '9'))
        length = 1;
    else
        while (is_name(name[length]))
            length++;
    if (length == 0 || (brace && name[length] != '}')) {
        put(grub, '$');
        word->any = true;
        grub->at.at++;
        return;
    }
    grub->at.at = name + length + brace;
    if (!live || (length == 1 && put_special(grub, *name, quoted, word)))
        return;
    value = fw_grub_get(grub, name, length);
    if (value)
        put_value(grub, value, quoted, word);
}

/* Behind the opening '"'. */
static void put_quoted(struct fw_grub *grub, bool live, struct word *word)
{
    while (*grub->at.at && *grub->at.at != '"' && !grub->broken) {
        char next = grub->at.at[1];

        if (*grub->at.at == '$') {
            put_variable(grub, live, true, word);
            continue;
        }
        if (*grub->at.at == '\\' && (next == '$' || next == '"' || next == '\\' || next == '\n')) {
            grub->at.at++;
            if (next == '\n') {
                grub->at.at++;
                continue;
            }
        }
        put(grub, *grub->at.at++);
    }
    if (*grub->at.at)
        grub->at.at++;
    else
        broken(grub, "a quote does not end");
}

static void put_literal(struct fw_grub *grub)
{
    while (*grub->at.at && *grub->at.at != '\'' && !grub->broken)
        put(grub, *grub->at.at++);
    if (*grub->at.at)
        grub->at.at++;
    else
        broken(grub, "a quote does not end");
}

/* One word of the text; with variables it can become none, or several. */
static void read_word(struct fw_grub *grub, bool live)
{
    struct word word = {grub->scratch_used, false};

    while (!ends_word(*grub->at.at) && !grub->broken) {
        char byte = *grub->at.at;

        if (byte == '$' && grub->at.at[1] == '"') {
            grub->at.at++; /* to be translated */
        } else if (byte == '$') {
            put_variable(grub, live, false, &word);
        } else if (byte == '\'' || byte == '"') {
            word.any = true;
            grub->at.at++;
            if (byte == '"')
                put_quoted(grub, live, &word);
            else
                put_literal(grub);
        } else {
            if (byte == '\\' && *++grub->at.at == '\n') {
                grub->at.at++;
                continue;
            }
            if (!*grub->at.at)
                break;
            put(grub, *grub->at.at++);
            word.any = true;
        }
    }
    if (word.any && !grub->broken)
        end_word(grub, word.begin);
}

/* Spaces, and lines that go on behind '\'. */
static void skip_blanks(struct fw_grub *grub)
{
    while (*grub->at.at == ' ' || *grub->at.at == '\t' || *grub->at.at == '\r' ||
           (*grub->at.at == '\\' && grub->at.at[1] == '\n'))
        grub->at.at += *grub->at.at == '\\' ? 2 : 1;
    if (*grub->at.at == '#')
        while (*grub->at.at && *grub->at.at != '\n')
            grub->at.at++;
}

static void skip_separators(struct fw_grub *grub)
{
    for (skip_blanks(grub); fw_is_space(*grub->at.at) || *grub->at.at == ';'; skip_blanks(grub))
        grub->at.at++;
}

/* Is this reserved word next? Then it is passed. */
static bool take_reserved(struct fw_grub *grub, const char *word)
{
    const char *at = grub->at.at;

    while (*word && *at == *word) {
        at++;
        word++;
    }
    if (*word || !ends_word(*at))
        return false;
    grub->at.at = at;
    return true;
}

/* The words up to the end of the command, which stays: a separator, '{' or '}'. */
static void read_words(struct fw_grub *grub, bool live)
{
    for (skip_blanks(grub); !ends_word(*grub->at.at) && !grub->broken; skip_blanks(grub))
        read_word(grub, live);
}

/* At '{': runs or passes over what is within; the place of it. */
static struct fw_grub_at read_body(struct fw_grub *grub, bool live)
{
    struct fw_grub_at body;

    skip_separators(grub);
    if (*grub->at.at != '{') {
        broken(grub, "{ is missing");
        return grub->at;
    }
    grub->at.at++;
    body = grub->at;
    if (run(grub, live) != STOP_CLOSE)
        broken(grub, "} is missing");
    return body;
}

static void run_if(struct fw_grub *grub, bool live)
{
    bool done = !live, taken;
    enum stop stop = STOP_ELIF;

    while (stop == STOP_ELIF) {
        if (run(grub, !done) != STOP_THEN) {
            broken(grub, "then is missing");
            return;
        }
        taken = !done && grub->status == 0;
        done |= taken;
        stop = run(grub, taken);
    }
    if (stop == STOP_ELSE) {
        stop = run(grub, !done);
        done = true;
    }
    if (stop != STOP_FI)
        broken(grub, "fi is missing");
    else if (!done)
        grub->status = 0;
}

static void run_for(struct fw_grub *grub, bool live)
{
    size_t first = grub->word_count, last;
    struct fw_grub_at body;
    const char *name;

    read_words(grub, live);
    last = grub->word_count;
    if (grub->broken || last - first < 2 || !fw_same(grub->words[first + 1], "in") ||
        run(grub, false) != STOP_DO) {
        broken(grub, "for is not as it should be");
        return;
    }
    name = grub->words[first];
    body = grub->at;
    for (size_t i = first + 2; live && i < last && !grub->broken && !grub->returning; i++) {
        fw_grub_set(grub, name, fw_length(name), grub->words[i]);
        grub->at = body;
        if (run(grub, true) != STOP_DONE)
            broken(grub, "done is missing");
    }
    grub->at = body;
    if (run(grub, false) != STOP_DONE)
        broken(grub, "done is missing");
}

/* while and until wait for something, mostly for a key: not once. */
static void skip_while(struct fw_grub *grub)
{
    if (run(grub, false) != STOP_DO || run(grub, false) != STOP_DONE)
        broken(grub, "done is missing");
}

static void define_function(struct fw_grub *grub, bool live)
{
    size_t first = grub->word_count;
    struct fw_grub_function function;

    read_words(grub, false);
    if (grub->word_count == first) {
        broken(grub, "a function without a name");
        return;
    }
    function.name = grub->words[first];
    function.body = read_body(grub, false);
    if (!live || grub->broken)
        return;
    function.name = fw_keep(grub->menu->arena, function.name, fw_length(function.name));
    grub->full |= !function.name;
    if (grub->function_count == FW_GRUB_FUNCTIONS)
        broken(grub, "too many functions");
    else if (function.name)
        grub->functions[grub->function_count++] = function;
}

/* The last one of a name counts. */
static const struct fw_grub_function *find_function(const struct fw_grub *grub, const char *name)
{
    for (size_t i = grub->function_count; i-- > 0;)
        if (fw_same(grub->functions[i].name, name))
            return &grub->functions[i];
    return NULL;
}

static void call(struct fw_grub *grub, const struct fw_grub_function *function, const char *const *words,
                 size_t count)
{
    const char *const *arguments = grub->arguments;
    size_t argument_count = grub->argument_count;

    grub->arguments = words + 1;
    grub->argument_count = count - 1;
    fw_grub_run_body(grub, &function->body);
    grub->arguments = arguments;
    grub->argument_count = argument_count;
    grub->returning = false;
}

static void run_command(struct fw_grub *grub, bool live)
{
    size_t first = grub->word_count, count;
    const struct fw_grub_function *function;
    const char *const *words;
    bool negated = take_reserved(grub, "!");

    read_words(grub, live);
    words = grub->words + first;
    count = grub->word_count - first;
    if (grub->broken)
        return;
    if (*grub->at.at == '{') {
        struct fw_grub_at body = read_body(grub, false);

        if (live && !grub->broken && count != 0)
            fw_grub_define(grub, words, count, &body);
        return;
    }
    if (*grub->at.at && !fw_is_space(*grub->at.at) && *grub->at.at != ';' && *grub->at.at != '}') {
        broken(grub, "|, &, < and > are not known here");
        return;
    }
    if (!live || count == 0)
        return;
    function = find_function(grub, words[0]);
    if (function)
        call(grub, function, words, count);
    else
        grub->status = fw_grub_command(grub, words, count);
    if (negated)
        grub->status = !grub->status;
}

/* One statement, or the reserved word that ends a list. */
static enum stop run_one(struct fw_grub *grub, bool live)
{
    static const char *const stops[] = {[STOP_THEN] = "then", [STOP_ELIF] = "elif", [STOP_ELSE] = "else",
                                        [STOP_FI] = "fi",     [STOP_DO] = "do",     [STOP_DONE] = "done"};

    for (unsigned stop = STOP_THEN; stop <= STOP_DONE; stop++)
        if (take_reserved(grub, stops[stop]))
            return (enum stop)stop;
    if (take_reserved(grub, "if"))
        run_if(grub, live);
    else if (take_reserved(grub, "for"))
        run_for(grub, live);
    else if (take_reserved(grub, "while") || take_reserved(grub, "until"))
        skip_while(grub);
    else if (take_reserved(grub, "function"))
        define_function(grub, live);
    else
        run_command(grub, live);
    return STOP_END;
}

static enum stop run_list(struct fw_grub *grub, bool live)
{
    for (;;) {
        size_t words = grub->word_count, scratch = grub->scratch_used;
        enum stop stop;

        skip_separators(grub);
        if (grub->broken || grub->full)
            return STOP_BROKEN;
        if (!*grub->at.at)
            return STOP_END;
        if (*grub->at.at == '}') {
            grub->at.at++;
            return STOP_CLOSE;
        }
        if (++grub->steps > FW_GRUB_STEPS)
            return broken(grub, "too many commands");
        stop = run_one(grub, live && !grub->returning);
        grub->word_count = words;
        grub->scratch_used = scratch;
        if (stop != STOP_END)
            return stop;
    }
}

/* One list within another, however it came there. */
static enum stop run(struct fw_grub *grub, bool live)
{
    enum stop stop;

    if (grub->depth == FW_GRUB_DEPTH)
        return broken(grub, "too deep");
    grub->depth++;
    stop = run_list(grub, live);
    grub->depth--;
    return stop;
}

void fw_grub_run_body(struct fw_grub *grub, const struct fw_grub_at *body)
{
    struct fw_grub_at at = grub->at;

    grub->at = *body;
    if (run(grub, true) != STOP_CLOSE)
        broken(grub, "} is missing");
    grub->at = at;
}

void fw_grub_run_text(struct fw_grub *grub, const char *path, const char *text)
{
    struct fw_grub_at at = grub->at;
    enum stop stop;

    grub->at = (struct fw_grub_at){path, text, text};
    stop = run(grub, true);
    if (stop != STOP_END && stop != STOP_BROKEN)
        broken(grub, "a word or } that ends nothing");
    grub->at = at;
}
