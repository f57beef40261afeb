#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The program around the pipeline: what it says and returns for --check, and when it cannot start."""
import os
import subprocess
import tempfile

from replay import ReplayTest, configuration, main


class Program(ReplayTest):
    def run_with(self, config, *arguments):
        """(exit status, standard output, standard error); FILE stands for the configuration."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "callgate.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(config)
            done = subprocess.run([self.callgate, "-c", path, *arguments], capture_output=True,
                                  text=True, timeout=60, cwd=folder, check=False)
            return (done.returncode, done.stdout.replace(path, "FILE"),
                    done.stderr.replace(path, "FILE"))

    def test_check_says_what_memory_a_sound_file_takes(self):
        status, out, err = self.run_with(configuration(), "--check")
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, r"^FILE: no fault, 1 workers, \d+ MiB\n$")

    def test_check_names_every_fault_with_its_line(self):
        config = configuration().replace('"203.0.113.254"', '"192.0.2.1"') + "\nnonsense = 1;\n"
        status, out, err = self.run_with(config, "--check")
        self.assertEqual((status, out), (1, ""))
        lines = config[:config.index("192.0.2.1")].count("\n") + 1, config.count("\n")
        self.assertRegex(err, rf"^FILE:{lines[0]}: routes\[0\].via: .*, allowed: .*\n"
                              rf"FILE:{lines[1]}: nonsense: .*, allowed: .*\n$")

    def test_memory_that_is_too_small_is_refused_with_the_sum(self):
        status, _, err = self.run_with(configuration(system="memory_mb = 64;"), "--check")
        self.assertEqual(status, 1)
        self.assertRegex(err, r"^FILE:1: system.memory_mb: 64 is too small .* at least \d+\n$")

    def test_a_core_that_the_machine_lacks_is_named_and_dpdk_not_started(self):
        config = configuration(workers=1).replace("worker_cores = [0]", "worker_cores = [0, 1000]")
        status, out, err = self.run_with(config)
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err, r"^FILE:1: system.worker_cores\[1\]: .* no core 1000, allowed: .*\n$")


if __name__ == "__main__":
    main()
