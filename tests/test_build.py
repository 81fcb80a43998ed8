"""What the build makes: its symbols, its packages, and what the wheel holds."""

from __future__ import annotations

import os
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest
from prefixes import ROOT, installed, need, pkg_config, python, run, says

import zcffi

pytestmark = pytest.mark.timeout(300)

PROGRAM = ROOT / "tests/programs/every_pattern.c"

# A library doesn't end its host's process, nor write to its terminal.
FORBIDDEN = {
    *("abort", "exit", "_exit", "_Exit", "quick_exit", "raise", "__assert_fail", "__assert"),
    *("printf", "puts", "putchar", "vprintf", "fprintf", "vfprintf", "fputs", "fputc", "fwrite"),
    *("perror", "stdout", "stderr", "__printf_chk", "__fprintf_chk", "__vfprintf_chk"),
    *("syslog", "signal", "sigaction"),
}


@pytest.fixture(scope="module")
def prefix() -> Path:
    return installed(drop_in=False)


def symbols(*arguments: str | Path) -> set[str]:
    """The names that nm tells of a file, without their versions."""
    need("nm")
    lines = (line.split() for line in run("nm", *arguments).splitlines())
    return {words[-1].partition("@")[0] for words in lines if len(words) >= 2}


@pytest.mark.parametrize(("drop_in", "library"), [(False, "libzcffi.so"), (True, "libzmq.so")])
def test_only_the_public_names_are_exported(drop_in: bool, library: str) -> None:
    exported = symbols("-D", "--defined-only", installed(drop_in=drop_in) / "lib" / library)
    assert {"zmq_ctx_new", "zmq_msg_init", "zcffi_version"} <= exported
    assert {name for name in exported if not name.startswith(("zmq_", "zcffi_"))} == set()


def test_every_declared_function_is_exported(prefix: Path) -> None:
    exported = symbols("-D", "--defined-only", prefix / "lib/libzcffi.so")
    for header in ("zmq.h", "zmq_utils.h", "zcffi.h"):
        for line in (prefix / "include" / header).read_text().splitlines():
            if line.startswith("ZMQ_EXPORT"):
                name = line.partition("(")[0].split()[-1].lstrip("*")
                assert name in exported, f"{header} declares {name}"


def test_the_library_neither_ends_the_process_nor_prints(prefix: Path) -> None:
    assert symbols("-D", "-u", prefix / "lib/libzcffi.so") & FORBIDDEN == set()
    assert symbols("-u", prefix / "lib/libzcffi.a") & FORBIDDEN == set()


def test_the_names_inside_the_archive_are_ours(prefix: Path) -> None:
    names = symbols("-g", "--defined-only", prefix / "lib/libzcffi.a")
    members = {name for name in names if name.endswith((".o:", ".c.o:"))}
    foreign = {n for n in names - members if not n.startswith(("zc_", "zmq_", "zcffi_"))}
    assert foreign == set()


def test_the_library_outlives_its_dlclose(prefix: Path, tmp_path: Path) -> None:
    """Ends of threads and forks call into it, so that unloading it would crash them."""
    source = tmp_path / "unload.c"
    source.write_text("""
        #include <dlfcn.h>
        #include <pthread.h>
        #include <stdlib.h>
        #include <sys/wait.h>
        #include <unistd.h>
        static const char *library;
        static void *use(void *unused)
        {
            void *so = dlopen(library, RTLD_NOW), *context;
            if (!so)
                exit(2);
            void *(*new)(void) = (void *(*)(void))dlsym(so, "zmq_ctx_new");
            void *(*open)(void *, int) = (void *(*)(void *, int))dlsym(so, "zmq_socket");
            int (*close)(void *) = (int (*)(void *))dlsym(so, "zmq_close");
            int (*term)(void *) = (int (*)(void *))dlsym(so, "zmq_ctx_term");
            context = new();
            if (close(open(context, 8)) || term(context))
                exit(3);
            dlclose(so);
            return unused;
        }
        int main(int argc, char **argv)
        {
            pthread_t thread;
            int status;
            library = argv[argc - 1];
            pthread_create(&thread, NULL, use, NULL);
            pthread_join(thread, NULL);
            pid_t child = fork();
            if (child == 0)
                _exit(0);
            return waitpid(child, &status, 0) != child || status != 0;
        }
    """)
    run("cc", "-std=gnu11", source, "-o", tmp_path / "unload", "-pthread", "-ldl")
    says(tmp_path / "unload", str(prefix / "lib/libzcffi.so"))


CMAKE_PROJECT = """
cmake_minimum_required(VERSION 3.20)
project(user LANGUAGES C)
find_package(zcffi 0.1 REQUIRED)
foreach(kind shared static)
  add_executable(with_${{kind}} {program})
  target_link_libraries(with_${{kind}} PRIVATE zcffi::${{kind}})
endforeach()
"""


def test_find_package_zcffi(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(CMAKE_PROJECT.format(program=PROGRAM))
    build = tmp_path / "build"
    run("cmake", "-S", tmp_path, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", build)
    assert says(build / "with_shared") == "ok\n"
    assert says(build / "with_static") == "ok\n"


def test_pkg_config_zcffi(prefix: Path, tmp_path: Path) -> None:
    flags = pkg_config(prefix, "--cflags", "--libs", "zcffi")
    run("cc", PROGRAM, "-o", tmp_path / "program", *flags)
    assert says(tmp_path / "program", library=prefix / "lib") == "ok\n"


def test_as_part_of_another_project(tmp_path: Path) -> None:
    """With add_subdirectory nothing of ours but the library is built."""
    need("cc", "cmake")
    (tmp_path / "CMakeLists.txt").write_text(f"""
        cmake_minimum_required(VERSION 3.20)
        project(user LANGUAGES C)
        add_subdirectory({ROOT} zcffi)
        add_executable(program {PROGRAM})
        target_link_libraries(program PRIVATE zcffi::static)
    """)
    build = tmp_path / "build"
    run("cmake", "-S", tmp_path, "-B", build, "-DCMAKE_BUILD_TYPE=Debug")
    run("cmake", "--build", build, "--parallel", "2", "--target", "program")
    assert says(build / "program") == "ok\n"
    assert not (build / "zcffi/native/tests").exists()


@pytest.mark.skipif(zcffi.backend() != "zcffi", reason="the core is the system's library")
def test_the_wheel_is_good_for_every_python_and_holds_the_core_once() -> None:
    wheel = metadata.distribution("zcffi")
    assert "Tag: cp311-abi3-" in (wheel.read_text("WHEEL") or "")
    names = [file.as_posix() for file in wheel.files or []]
    assert [name for name in names if "libzcffi" in name] == ["zcffi/libzcffi.so"]
    for name in ("zcffi/include/zmq.h", "zcffi/include/zcffi.h", "zcffi/py.typed"):
        assert name in names
    tops = {name.split("/")[0] for name in names if not name.startswith("../")}
    assert tops == {"zcffi", f"zcffi-{zcffi.__version__}.dist-info"}


@pytest.mark.skipif(zcffi.backend() != "zcffi", reason="the core is the system's library")
def test_the_wheels_library_is_linked_like_the_installed_one() -> None:
    need("readelf")
    (folder,) = zcffi.get_library_dirs()
    assert "NODELETE" in run("readelf", "-d", Path(folder) / "libzcffi.so")


EXTENSION = r"""
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#include <zcffi.h>

/* Sends on a socket that Python made; gives a context's socket that Python is to use. */
static PyObject *send_on(PyObject *self, PyObject *underlying)
{
    void *socket = PyLong_AsVoidPtr(underlying);
    (void) self;
    return PyLong_FromLong(zmq_send(socket, "from C", 6, 0) < 0 ? -zmq_errno() : 0);
}

static PyObject *connected(PyObject *self, PyObject *underlying)
{
    void *socket = zmq_socket(PyLong_AsVoidPtr(underlying), ZMQ_PUSH);
    (void) self;
    if (!socket || zmq_connect(socket, "inproc://shared") < 0)
        return PyLong_FromLong(-zmq_errno());
    return PyLong_FromVoidPtr(socket);
}

static PyObject *finish(PyObject *self, PyObject *underlying)
{
    (void) self;
    return PyLong_FromLong(zmq_close(PyLong_AsVoidPtr(underlying)) < 0 ? -zmq_errno() : 0);
}

static PyMethodDef methods[] = {{"send_on", send_on, METH_O, NULL},
                                {"connected", connected, METH_O, NULL},
                                {"finish", finish, METH_O, NULL},
                                {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "sharing", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_sharing(void)
{
    return PyModule_Create(&definition);
}
"""

SHARING = """
import os
import zcffi, sharing
with zcffi.Context() as context:
    pull, push = context.socket(zcffi.SocketType.PULL), context.socket(zcffi.SocketType.PUSH)
    push.connect(pull.bind("inproc://shared"))
    assert sharing.send_on(push.underlying) == 0
    assert pull.recv() == b"from C"
    made_in_c = sharing.connected(context.underlying)
    zcffi.Socket.shadow(made_in_c).send(b"through Python")
    assert pull.recv() == b"through Python"
    gone = push.underlying
    push.close()
    assert sharing.send_on(gone) == -zcffi.Errno.ENOTSOCK
    assert sharing.finish(made_in_c) == 0
    assert sharing.finish(made_in_c) == -zcffi.Errno.ENOTSOCK
    pull.close()
"""


@pytest.mark.skipif(zcffi.backend() != "zcffi", reason="the core is the system's library")
def test_a_c_extension_shares_contexts_and_sockets_by_handle(tmp_path: Path) -> None:
    headers = sysconfig.get_path("include")
    if not (Path(headers) / "Python.h").exists():
        pytest.skip("needs Python's headers")
    need("cc")
    source = tmp_path / "sharing.c"
    source.write_text(EXTENSION)
    (folder,) = zcffi.get_library_dirs()
    run(
        *("cc", "-shared", "-fPIC", f"-I{headers}", f"-I{zcffi.get_include()}", source),
        *("-o", tmp_path / "sharing.abi3.so", f"-L{folder}", "-lzcffi", f"-Wl,-rpath,{folder}"),
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    python(SHARING, PYTHONPATH=path)
