"""The one place that opens ONNX networks: on the CPU, quiet, with sleeping threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


class OnnxError(ValueError):
    """A file that ONNX Runtime cannot load."""


def open_session(model: bytes, *, threads: int = 1) -> InferenceSession:
    """Return a session of a network.

    Parameters
    ----------
    model
        The ONNX file's bytes.
    threads
        Threads for one call.

    Raises
    ------
    OnnxError
        If the file cannot be loaded.
    """
    # Imported here: showing or sealing a bundle needs no runtime.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # its warnings would mix into our output
    # Waiting threads must sleep: by default they burn the cores that decode the next film.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors share no base but Exception
        raise OnnxError(str(error)) from error
