"""Shows that the architecture check can fail: made-up trees, each with one fault."""
import pathlib
import tempfile
import unittest

import architecture

ROOMS = "base src/base \nplan src/plan base\nshm transports/shm base\ntransports transports base\napi src/api plan,shm\n"
GOOD = {
    "src/base/clock.hpp": "#include <chrono>\n",
    "src/plan/plan.hpp": '#include "base/clock.hpp"\n',
    "src/plan/plan.cpp": '#include "plan/plan.hpp"\n',
    "transports/shm/ring.hpp": '#include "base/clock.hpp"\n#include <sys/mman.h>\n',
    "include/tutti/tutti.h": "#include <stddef.h>\n",
    "src/api/api.cpp": '#include <tutti/tutti.h>\n#include "base/clock.hpp"\n#include "plan/plan.hpp"\n',
}


def found(extra, rooms=ROOMS):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {**GOOD, **extra}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return list(architecture.violations(root, architecture.read_rooms(rooms)))


class Architecture(unittest.TestCase):
    def assert_only(self, expected, extra, rooms=ROOMS):
        faults = found(extra, rooms)
        self.assertTrue(faults, "nothing was found")
        for fault in faults:
            self.assertIn(expected, fault)

    def test_a_good_house_passes(self):
        self.assertEqual(found({}), [])

    def test_an_inner_room_must_not_include_an_outer_one(self):
        self.assert_only("do not allow plan", {"src/base/bad.cpp": '#include "plan/plan.hpp"\n'})

    def test_a_room_reaches_what_its_rooms_reach_and_no_more(self):
        self.assert_only("do not allow shm", {"src/plan/bad.cpp": '  # include "transports/shm/ring.hpp"\n'})

    def test_the_nearest_folder_owns_a_file(self):
        self.assert_only("do not allow shm", {"transports/bad.cpp": '#include "transports/shm/ring.hpp"\n'})

    def test_a_file_outside_every_room_is_found(self):
        self.assert_only("in no room", {"src/stray/stray.cpp": "int x;\n"})

    def test_public_headers_are_for_the_user_side(self):
        self.assert_only("public headers", {"src/plan/bad.cpp": "#include <tutti/tutti.h>\n"})

    def test_a_path_must_not_climb(self):
        self.assert_only("climbs", {"src/plan/bad.cpp": '#include "../base/clock.hpp"\n'})

    def test_an_unknown_header_in_quotes_is_found(self):
        self.assert_only("no file of this project", {"src/plan/bad.cpp": '#include "fmt/format.h"\n'})

    def test_pure_rooms_stay_pure(self):
        for header in ("thread", "fstream", "sys/socket.h", "unistd.h"):
            self.assert_only("pure room", {"src/plan/bad.cpp": f"#include <{header}>\n"})

    def test_rooms_that_reach_each_other_are_found(self):
        self.assert_only("reach each other", {}, ROOMS.replace("base src/base ", "base src/base plan"))

    def test_a_room_that_does_not_exist_is_found(self):
        self.assert_only("does not exist", {}, ROOMS.replace("plan,shm", "plan,shm,attic"))


if __name__ == "__main__":
    unittest.main()
