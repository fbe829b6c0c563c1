"""The systemd units: systemd itself finds nothing wrong with them."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

from demo import PRESET, TOP

BINARY = TOP / "build" / PRESET / "src" / "gatepost"


@unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd-analyze")
class Units(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-units-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for unit in (TOP / "contrib/systemd").iterdir():
            # As installed, with the programs where the build has them.
            text = unit.read_text().replace("/usr/bin/gatepost", str(BINARY))
            (self.folder / unit.name).write_text(text)
        self.units = sorted(str(unit) for unit in self.folder.iterdir() if unit.suffix in (".service", ".socket", ".timer"))

        trivial = self.folder / "trivial.service"
        trivial.write_text("[Service]\nExecStart=/bin/true\n")
        if self.verify(str(trivial))[0] != 0:
            self.skipTest("systemd-analyze does not work on this machine")

    def verify(self, *units):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        # What it says of other units of the machine is none of ours.
        said = [line for line in done.stdout.splitlines() if "gatepost" in line]
        return done.returncode, said

    def test_systemd_takes_every_unit_without_a_word(self):
        self.assertGreaterEqual(len(self.units), 8)
        for unit in self.units:
            with self.subTest(unit=pathlib.Path(unit).name):
                self.assertEqual(self.verify(unit), (0, []))
        self.assertEqual(self.verify(*self.units), (0, []))

    def test_it_would_say_so_if_a_setting_were_misspelt(self):
        watch = self.folder / "gatepost-gate-watch.service"
        watch.write_text(watch.read_text().replace("MemoryMax=", "MemoryMaximum="))
        self.assertNotEqual(self.verify(str(watch))[1], [])


if __name__ == "__main__":
    unittest.main()
