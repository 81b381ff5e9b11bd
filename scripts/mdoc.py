"""The words of the table of commands as mdoc(7): SYNOPSIS, options, exit codes of a manual page.

Plain text becomes macros by what it says: `--name` and `-n` are options, a placeholder of the command (FILE, N)
an argument, `word` in backquotes a literal, snapscope-NAME(1) a reference, and in an option's own phrase each of
its choices a word to type. A sentence begins a line.
"""

import re

WIDTH = 78
CLOSING = ".,;:)!?"
TOKEN = re.compile(r"`[^`]*`\S*|\S+")


def placeholders(*texts):
    """FILE and BUCKET of "FILE [BUCKET...]"."""
    return {word for text in texts for word in re.findall(r"[A-Z]+", text or "")}


def escape(text):
    return text.replace("\\", "\\e").replace('"', "\\(dq")


def macro_of(word, names, choices):
    """The macro that a word stands for, and what of it is left behind: `("Ar n", "s")` of Ns; None: plain."""
    if word.startswith("`"):
        literal, _, rest = word[1:].partition("`")
        return "Li " + escape(literal), rest
    found = re.fullmatch(r"(snapscope-[a-z]+)\((\d)\)", word)
    if found:
        return f"Xr {found[1]} {found[2]}", ""
    found = re.fullmatch(r"--([a-z][a-z-]*)", word)
    if found:
        return "Fl Fl " + found[1], ""
    found = re.fullmatch(r"-([a-zA-Z])", word)
    if found:
        return "Fl " + found[1], ""
    if word in choices:
        return "Cm " + word, ""
    found = re.fullmatch(r"([A-Z]+)([^A-Za-z].*|s)?", word)
    if found and found[1] in names:
        parts = [one for one in re.split(r"([A-Z]+)", found[2] or "") if one]
        return "Ar " + found[1].lower(), " Ns ".join("Ar " + one.lower() if one in names else one for one in parts)
    return None


def split_word(word):
    """An opening bracket, the word, and the closing marks behind it."""
    opening = "(" if word.startswith("(") else ""
    core = word[len(opening):]
    if re.search(r"\(\d\)$", core):
        return opening, core, ""
    core = core.rstrip(CLOSING)
    return opening, core, word[len(opening) + len(core):]


class Lines:
    """Text filled to WIDTH, and macros on lines of their own."""

    def __init__(self):
        self.out, self.text = [], ""

    def word(self, word):
        if self.text and len(self.text) + 1 + len(word) > WIDTH:
            self.flush()
        self.text = f"{self.text} {word}" if self.text else word

    def flush(self):
        if self.text:
            self.out.append("\\&" + self.text if self.text[0] in ".'" else self.text)
        self.text = ""

    def macro(self, line):
        self.flush()
        self.out.append("." + line)


def sentence(text, names, choices, lines):
    """One sentence; a macro that follows another macro shares its line where no mark parts them."""
    joined = False
    for word in TOKEN.findall(text):
        opening, core, closing = split_word(word)
        found = macro_of(core, names, choices)
        if found is None:
            lines.word(escape(word))
            joined = False
            continue
        macro, rest = found
        tail = (f" Ns {rest}" if rest else "") + "".join(" " + mark for mark in closing)
        if opening:
            macro = "Pf ( " + macro
        if joined and not opening:
            lines.out[-1] += f" {macro}{tail}"
        else:
            lines.macro(macro + tail)
        joined = not closing and not rest
    lines.flush()


def sentences(text):
    return re.split(r"(?<=[.?!]) +(?=[A-Z`-])", " ".join(text.split()))


def prose(text, names, choices=()):
    lines = Lines()
    for one in sentences(text):
        sentence(one, names, choices, lines)
    return lines.out


def as_sentence(phrase, names, choices=()):
    """A phrase of --help with a capital letter and a full stop, if its first word may have one."""
    phrase = " ".join(phrase.split())
    first = re.match(r"([a-z]+)(?!:)\b", phrase)
    if first and first[0] not in choices:
        phrase = phrase[0].upper() + phrase[1:]
    return phrase if phrase.endswith(".") else phrase + "."


def option_head(option):
    head = ".It "
    if "letter" in option:
        head += f"Fl {option['letter']} , "
    head += "Fl Fl " + option["name"]
    return head + (f" Ar {option['arg'].lower()}" if "arg" in option else "")


def option_list(options, names):
    lines = [".Bl -tag -width Ds"]
    for option in options:
        choices = option.get("choices", ())
        lines.append(option_head(option))
        lines += prose(as_sentence(option["help"], names, choices), names, choices)
        if "more" in option:
            lines += prose(option["more"], names)
    return lines + [".El"]


def names_of(command, common):
    options = command["options"] + common
    return placeholders(command["args"], command.get("required"), *(option.get("arg") for option in options))


def head(command):
    """NAME and SYNOPSIS."""
    name = command["name"]
    lines = [".Sh NAME", f".Nm snapscope-{name}"]
    lines += [".Nd " + command["summary"].replace("`", ""), ".Sh SYNOPSIS", f".Nm snapscope {name}"]
    if "required" in command:
        flag, value = command["required"].split()
        lines.append(f".Fl {flag.lstrip('-')} Ar {value.lower()}")
    lines.append(".Op Ar options")
    for word in re.findall(r"\[[^]]*\]|\S+", command["args"]):
        many = " ..." if "..." in word else ""
        name = re.sub(r"[^A-Z]", "", word).lower()
        lines.append(f".{'Op ' if word.startswith('[') else ''}Ar {name}{many}")
    return lines


def options(command, common):
    lines = ["Inputs are only read.", "They may be compressed or in an archive, and", ".Sq -", "is standard input; see"]
    lines += [".Xr snapscope 1 .", ".Pp"]
    if command["options"]:
        lines += ["Options:"] + option_list(command["options"], names_of(command, common)) + [".Pp"]
    return lines + ["Options of every command are in", ".Xr snapscope 1 ."]


def exit_list(exits, names):
    lines = [".Bl -tag -width Ds -compact"]
    for one in exits:
        lines += [f".It {one['code']}"] + prose(as_sentence(one["meaning"], names), names)
    return lines + [".El"]


def exits(command, common):
    return [".Sh EXIT STATUS"] + exit_list(command["exits"], names_of(command, common))


# ------------------------------------------------------------------------------------- snapscope(1)


def command_list(commands):
    width = max((f"snapscope-{command['name']}(1)" for command in commands), key=len)
    lines = [f".Bl -tag -width {width} -compact"]
    for command in commands:
        lines.append(f".It Xr snapscope-{command['name']} 1")
        lines += prose(command["summary"], ())
    return lines + [".El"]


def see_also(commands):
    names = sorted(command["name"] for command in commands)
    return [f".Xr snapscope-{name} 1" + (" ," if name != names[-1] else "") for name in names]
