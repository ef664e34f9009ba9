"""The examples of the manual page, as its readers see them."""

import os
import re

from harness import LAB

PAGE = os.path.join(LAB, "../../man/tfomap.8.in")


def example(words):
	"""The lines of the one example of the manual that has these words in it"""
	with open(PAGE, encoding="utf-8") as f:
		found = re.findall(r"(?s)\.nf\n\.RS.*?\n(.*?)\.RE\n\.fi\n", f.read())
	found = [text.replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\").splitlines()
		for text in found]
	found = [lines for lines in found if words in "\n".join(lines)]
	assert len(found) == 1, f"{len(found)} examples with {words!r}"
	return found[0]
