"""The example of the README."""

import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def test_the_examples_of_the_readme_run(pytester):
    card, busy, options = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    pytester.makepyfile(test_card=card, test_busy=busy)
    pytester.makeconftest(options)
    pytester.runpytest_subprocess().assert_outcomes(passed=2)
