"""Generates Python from proto/**/*.proto, beside it. With --check writes nothing and fails where the two differ."""

import argparse
import filecmp
import shutil
import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc

PROTO = Path(__file__).resolve().parent.parent / "proto"
PATTERNS = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*_pb2_grpc.pyi")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        stale = differing(Path(folder))
        if not check:
            replace(Path(folder), stale)
    for path in stale:
        print(f"proto/{path}: {'is not what the .proto files give; run make proto' if check else 'written'}")
    return 1 if check and stale else 0


def generate(folder: Path) -> None:
    """Messages of every file; stubs and servicers of those that define a service."""
    sources = sorted(PROTO.rglob("*.proto"))
    services = [source for source in sources if "\nservice " in source.read_text()]
    run("--python_out", "--pyi_out", folder=folder, sources=sources)
    run("--grpc_python_out", "--mypy_grpc_out", folder=folder, sources=services)


def run(*outputs: str, folder: Path, sources: list[Path]) -> None:
    """Runs protoc. Exits with its status if it fails; it has said why."""
    plugin = Path(sys.executable).parent / "protoc-gen-mypy_grpc"
    arguments = ["protoc", f"-I{PROTO}", f"--plugin=protoc-gen-mypy_grpc={plugin}"]
    status = protoc.main([*arguments, *(f"{output}={folder}" for output in outputs), *map(str, sources)])
    if status:
        raise SystemExit(status)


def differing(folder: Path) -> list[Path]:
    """Generated files that are missing, changed or no longer generated, relative to proto/."""
    fresh, standing = generated(folder), generated(PROTO)
    same = {path for path in fresh & standing if filecmp.cmp(folder / path, PROTO / path, shallow=False)}
    return sorted((fresh | standing) - same)


def generated(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for pattern in PATTERNS for path in folder.rglob(pattern)}


def replace(folder: Path, paths: list[Path]) -> None:
    for path in paths:
        if (folder / path).exists():
            shutil.copyfile(folder / path, PROTO / path)
        else:
            (PROTO / path).unlink()


if __name__ == "__main__":
    sys.exit(main())
