"""Public headers explain themselves to any compiler: no third-party header, and C11, C++11 or C++20 without a warning."""
import pathlib
import re
import subprocess
import sys
import tempfile

INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]


def foreign(text):
    """Included headers that are neither ours nor the language's: those have no folder in their name."""
    return [name for name in INCLUDE.findall(text) if "/" in name and not name.startswith("tutti/")]


def compiles(compiler, language, standard, header, include):
    with tempfile.NamedTemporaryFile("w", suffix=".c" if language == "c" else ".cpp") as source:
        source.write(f"#include <tutti/{header}>\n#include <tutti/{header}>\nint main(void) {{ return 0; }}\n")
        source.flush()
        command = [compiler, "-x", language, f"-std={standard}", *STRICT, "-I", str(include), source.name]
        return subprocess.run(command, capture_output=True, text=True)


def main():
    root, cc, cxx = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    include = root / "include"
    faults = []
    for header in sorted((include / "tutti").iterdir()):
        faults += [f"{header.name} includes {name}" for name in foreign(header.read_text())]
        wanted = [(cxx, "c++", "c++20")]
        if header.suffix == ".h":
            wanted += [(cc, "c", "c11"), (cxx, "c++", "c++11")]
        for compiler, language, standard in wanted:
            result = compiles(compiler, language, standard, header.name, include)
            if result.returncode != 0:
                faults.append(f"{header.name} as {standard}:\n{result.stderr}")
    assert foreign("#include <fmt/format.h>\n") == ["fmt/format.h"], "the check cannot fail"
    assert compiles(cc, "c", "c11", "no_such_header.h", include).returncode != 0, "the check cannot fail"
    print("\n".join(faults) or "the public headers compile on their own")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
