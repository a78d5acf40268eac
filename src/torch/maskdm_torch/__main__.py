"""`python -m maskdm_torch COMMAND …`: the commands are in cli.py. What is missing is said by about.py, on an old Python too."""

import sys

from maskdm_torch import about


def main():
    """Runs one command line. Returns the exit code."""
    # Before Python 3.11 the folder that `-m` was started in comes first, in which a torch.py or numpy may lie.
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]
    args = sys.argv[1:]
    if args[:1] == ["--version"]:
        about.print_version("--json" in args)
        return 0
    problem = about.problem()
    if problem is None:
        try:
            from maskdm_torch import cli
        except OSError as error:  # a library of PyTorch that the system does not load
            problem = about.broken(error)
    if problem is not None:
        sys.stderr.write("error: %(reason)s. %(remedy)s\n" % problem)
        return 1
    return cli.main(args)


if __name__ == "__main__":
    sys.exit(main())
