"""Names that several .cpp files of one layer define for themselves: in anonymous namespaces, as `static`, as aliases.

A unity build compiles files of a layer as one (GATEPOST_UNITY), so these names must be unique within the layer's sources and within its
tests. The compiler finds many that are not, but not those that happen to be in different units today, and not two functions that then
are overloads of each other. Prints one line for each name.
"""
import collections
import pathlib
import re
import sys

TOKENS = re.compile(r'R"([A-Za-z_]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/|^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*', re.S | re.M)
SPECIFIERS = re.compile(r'^(?:\[\[[^\]]*\]\]|static|inline|constexpr|const|extern|thread_local|constinit)\s+')


def without_text(source):
    """The source without comments, preprocessor lines and what strings say, line numbers kept."""
    def blank(match):
        text = match.group(0)
        lines = '\n' * text.count('\n')
        return lines if text[0] in '/#' or text.lstrip().startswith('#') else '""' + lines
    return TOKENS.sub(blank, source)


def balanced(text, opening, closing):
    """Drops what stands between the outermost pairs."""
    out, depth = [], 0
    for character in text:
        if character == opening:
            depth += 1
        elif character == closing and depth:
            depth -= 1
        elif depth == 0:
            out.append(character)
    return ''.join(out)


def definitions(statement, anonymous):
    """What a statement at namespace level defines for its file alone: a list of (name, what it is an alias of or None)."""
    s = ' '.join(statement.split())
    while s.startswith('template'):
        depth, at = 0, s.index('<')
        for at in range(at, len(s)):
            depth += (s[at] == '<') - (s[at] == '>')
            if depth == 0:
                break
        s = s[at + 1:].strip()
        s = re.sub(r'^requires [^;]*?\s(?=\w+[ &*<])', '', s)
    if match := re.match(r'namespace (\w+) ?= ?(.*)', s):
        return [(match.group(1), 'namespace ' + match.group(2))]
    if match := re.match(r'using (\w+) ?= ?(.*)', s):
        return [(match.group(1), match.group(2))]
    if s.startswith('using namespace') or s.startswith('using enum'):
        return []
    if match := re.match(r'using (?:typename )?(?:::)?([\w:]*?)(\w+)$', s):
        return [(match.group(2), match.group(1) + match.group(2))]
    if match := re.match(r'(TEST|TEST_F|TEST_P|TYPED_TEST|BENCHMARK)\(\s*(\w+),\s*(\w+)', s):
        return [(match.group(2) + '.' + match.group(3), None)]
    if match := re.match(r'MATCHER(?:_P\d?)?\(\s*(\w+)', s):
        return [(match.group(1), None)]
    static = bool(re.match(r'(\[\[\w+\]\] )?(inline |constexpr )*static ', s)) or bool(re.match(r'(inline )?constexpr (?!.*\()', s) and 'inline' not in s)
    if not (anonymous or static) or re.match(r'[A-Z_0-9]+\(', s):
        return []
    if match := re.match(r'(?:struct|class|union|enum class|enum struct|enum|concept) (?:\[\[\w+\]\] )?(\w+)', s):
        # A declaration of a function or variable may begin with an elaborated type; none here does.
        return [(match.group(1), None)]
    while SPECIFIERS.match(s):
        s = SPECIFIERS.sub('', s)
    s = balanced(re.sub(r'operator\s*(?:\(\)|[^\s\w(]+)', 'operator', re.sub(r'->|<=>|<=|>=|<<|>>(?=\s*\()', '', s)), '<', '>')
    call = s.split('=', 1)[0].find('(')
    if call >= 0:
        head = s[:call]
        if re.search(r'\boperator\b|::\s*~?\w+\s*$', head):
            return []
        declarators = [head]
    else:
        declarators = [part.split('=', 1)[0].strip() for part in re.split(',', balanced(balanced(s, '(', ')'), '[', ']'))]
        if not re.search(r'\w[\w\s:&*]*[\s&*]\w+$', declarators[0]):
            return []
    names = [re.search(r'(?<!::)\b(\w+)$', one.strip()) for one in declarators]
    if not re.search(r'[\w>&*\]] ?[\s&*]\w+$', declarators[0].strip()):
        return []
    return [(match.group(1), None) for match in names if match]


def names_of(source):
    """Yields (enclosing named namespace, name, alias target or None, line)."""
    text = without_text(source)
    stack = []          # (name or '' for anonymous) of the namespaces around
    statement, start, depth = [], 0, 0
    position, line = 0, 1

    def finish():
        joined = ''.join(statement)
        found = definitions(joined, '' in stack)
        statement.clear()
        return [('::'.join(n for n in stack if n), name, alias, start) for name, alias in found]

    while position < len(text):
        character = text[position]
        if character == '\n':
            line += 1
        if character == '{':
            joined = ' '.join(''.join(statement).split())
            match = re.match(r'(?:inline )?namespace ?([\w:]*)$', joined)
            if match:
                stack.append(match.group(1))
                statement.clear()
                position += 1
                continue
            if joined.startswith('extern ""'):
                stack.append('extern')
                statement.clear()
                position += 1
                continue
            depth = 1
            position += 1
            while position < len(text) and depth:
                depth += (text[position] == '{') - (text[position] == '}')
                line += text[position] == '\n'
                position += 1
            paren = ''.join(statement)
            if paren.count('(') > paren.count(')'):      # an initializer among arguments
                continue
            if not re.match(r'.*\w\s*=?\s*$', paren, re.S) or not re.match(r'\s*[,=]', text[position:]):
                yield from finish()
            continue
        if character == '}':
            if stack:
                stack.pop()
            statement.clear()
        elif character == ';':
            yield from finish()
        else:
            if not statement and not character.isspace():
                start = line
            if statement or not character.isspace():
                statement.append(character)
        position += 1


def main():
    bad = 0
    for folder in sorted({p.parent for top in ('src', 'test') for p in pathlib.Path(top).rglob('*.cpp')}):
        groups = collections.defaultdict(list)
        for path in sorted(folder.glob('*.cpp')):
            if path.stem != 'main' and not path.stem.endswith('_fuzz'):
                groups[path.stem.endswith('_test') and folder.parts[0] == 'src'].append(path)
        for files in groups.values():
            names = collections.defaultdict(dict)
            for path in files:
                for space, name, alias, line in names_of(path.read_text()):
                    names[space, name].setdefault(path, (alias, line))
            for (_, name), places in sorted(names.items()):
                targets = {alias for alias, _ in places.values()}
                if len(places) > 1 and (len(targets) > 1 or None in targets):
                    bad += 1
                    print(f'{name} is defined by several files of {folder} for themselves: ' +
                          ', '.join(f'{path.name}:{line}' for path, (_, line) in places.items()))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
