"""What is remembered, taken apart into JSON and arrays and put together again."""

from datetime import datetime

import mne
import nibabel as nib
import numpy as np
import pandas as pd

from sklearn_neurofuse.containers._space import space_from_state, space_to_state
from sklearn_neurofuse.recordings._bold_run import BoldRun
from sklearn_neurofuse.recordings._samples import Samples
from sklearn_neurofuse.recordings._waiting import series_from_state, series_to_state

_IMAGE_CLASSES = {cls.__name__: cls for cls in (nib.Nifti1Image, nib.Nifti2Image, nib.Nifti1Pair)}


def to_state(value, keep_waiting=True):
    """Take a value apart.

    Parameters
    ----------
    value : BoldRun, mne.io.BaseRaw or Samples
        A processed recording, or samples.
    keep_waiting : bool, default=True
        Whether values of an image that wait to be computed go on waiting.

    Returns
    -------
    header : dict
        JSON-serialisable.
    arrays : dict of str to ndarray
        The numbers.
    """
    if isinstance(value, BoldRun):
        return _bold_to_state(value, keep_waiting)
    if isinstance(value, Samples):
        return _samples_to_state(value)
    return _raw_to_state(value)


def size_as_read(value):
    """Give the size of a value that is what `from_state` would give, without taking it apart.

    Parameters
    ----------
    value : BoldRun, mne.io.BaseRaw or Samples
        A processed recording, or samples.

    Returns
    -------
    int or None
        Bytes of an EEG recording in memory, which `to_state` would copy; None of all else.
    """
    if type(value) is not mne.io.RawArray:
        return None
    return len(value.ch_names) * value.n_times * np.dtype(float).itemsize


def from_state(header, arrays):
    """Put together what `to_state` gave.

    Parameters
    ----------
    header : dict
        The header.
    arrays : dict of str to ndarray
        The arrays.

    Returns
    -------
    BoldRun, mne.io.RawArray or Samples
        The value.
    """
    return _READERS[header["kind"]](header, arrays)


def _bold_to_state(run, keep_waiting):
    img = run.img
    series, arrays = series_to_state(img.dataobj if keep_waiting else np.asanyarray(img.dataobj))
    arrays = {f"series.{name}": array for name, array in arrays.items()} | {"affine": img.affine}
    known = type(img) in _IMAGE_CLASSES.values()
    if known:
        arrays["header"] = np.frombuffer(img.header.binaryblock, dtype=np.uint8)
    image = type(img).__name__ if known else "Nifti1Image"
    return _with_run(run, {"image": image, "series": series}, arrays)


def bold_beside_file(run):
    """Take apart what is known of a run beside its image, which stays in its file.

    Parameters
    ----------
    run : BoldRun
        Made with a path.

    Returns
    -------
    header : dict
        As of `to_state`, with the path.
    arrays : dict of str to ndarray
        As of `to_state`, without values.
    """
    return _with_run(run, {"path": run.path}, {})


def _with_run(run, header, arrays):
    if run.slice_times is not None:
        arrays["slice_times"] = run.slice_times
    anatomical = run.anatomical
    if anatomical is not None and not isinstance(anatomical, str):
        arrays["anatomical"] = np.asanyarray(anatomical.dataobj)
        arrays["anatomical_affine"] = anatomical.affine
        anatomical = None
    header |= {
        "kind": "bold",
        "anatomical": anatomical,
        "confounds": table_to_json(run.confounds),
        "events": table_to_json(run.events),
        "done": run.done,
        "slice_time_ref": run._slice_time_ref,
    }
    for name in ("t_r", "start_time", "n_dummy"):
        header[name] = getattr(run, name)
    return header, arrays


def _bold_from_state(header, arrays):
    img = header.get("path")
    if img is None:
        img = _image_from_state(header, arrays)
    return BoldRun(
        img,
        header["t_r"],
        slice_times=arrays.get("slice_times"),
        start_time=header["start_time"],
        slice_time_ref=header["slice_time_ref"],
        n_dummy=header["n_dummy"],
        confounds=table_from_json(header["confounds"]),
        events=table_from_json(header["events"]),
        done=header["done"],
        anatomical=_anatomical_from_state(header, arrays),
    )


def _anatomical_from_state(header, arrays):
    if "anatomical" not in arrays:
        return header.get("anatomical")
    return nib.Nifti1Image(arrays["anatomical"], arrays["anatomical_affine"])


def _image_from_state(header, arrays):
    image_class = _IMAGE_CLASSES[header["image"]]
    nifti = None
    if "header" in arrays:
        nifti = image_class.header_class(arrays["header"].tobytes())
    parts = {
        name.removeprefix("series."): array
        for name, array in arrays.items()
        if name.startswith("series.")
    }
    return image_class(series_from_state(header["series"], parts), arrays["affine"], nifti)


def _raw_to_state(raw):
    notes = raw.annotations
    header = {
        "kind": "raw",
        "info": raw.info.to_json_dict(),
        "first_samp": int(raw.first_samp),
        "description": [str(text) for text in notes.description],
        "ch_names": [list(names) for names in notes.ch_names],
        "extras": [dict(extra) for extra in notes.extras],
        "orig_time": None if notes.orig_time is None else notes.orig_time.isoformat(),
    }
    # without a date, onsets are counted from the first sample when they are set, and from where
    # the sample number is zero when they are read
    shift = 0.0 if notes.orig_time is not None else raw.first_samp / raw.info["sfreq"]
    arrays = {"data": raw.get_data(), "onset": notes.onset - shift, "duration": notes.duration}
    return header, arrays


def _raw_from_state(header, arrays):
    info = mne.Info.from_json_dict(header["info"])
    raw = mne.io.RawArray(
        arrays["data"], info, first_samp=header["first_samp"], copy="auto", verbose="ERROR"
    )
    orig_time = header["orig_time"]
    annotations = mne.Annotations(
        arrays["onset"],
        arrays["duration"],
        header["description"],
        # as text it would have to be of a form that is not ISO's
        orig_time=None if orig_time is None else datetime.fromisoformat(orig_time),
        ch_names=header["ch_names"],
        extras=header["extras"],
    )
    return raw.set_annotations(annotations, emit_warning=False, verbose="ERROR")


def _samples_to_state(samples):
    space, arrays = space_to_state(samples.space)
    header = {
        "kind": "samples",
        "space": space,
        "feature_names": samples.feature_names,
        "reasons": {str(row): reason for row, reason in samples.reasons.items()},
    }
    return header, {"data": samples.data} | {f"space.{k}": v for k, v in arrays.items()}


def _samples_from_state(header, arrays):
    arrays = dict(arrays)
    data = arrays.pop("data")
    arrays = {key.removeprefix("space."): array for key, array in arrays.items()}
    names = header["feature_names"]
    return Samples(
        data,
        space_from_state(header["space"], arrays),
        {int(row): reason for row, reason in header["reasons"].items()},
        None if names is None else tuple(names),
    )


def table_to_json(table):
    """Write a table as JSON: types of columns and values exactly, its index not at all.

    Parameters
    ----------
    table : DataFrame or None
        The table.

    Returns
    -------
    list or None
        Name, type and values of each column.
    """
    if table is None:
        return None
    return [[name, str(column.dtype), _values(column)] for name, column in table.items()]


def _values(column):
    # numbers survive JSON exactly as Python's, NaN included; times as their integers
    if column.dtype.kind in "Mm":
        return pd.Index(column).asi8.tolist()
    return [_plain(item) for item in column.tolist()]


def _plain(item):
    if isinstance(item, (bool, int, float, str)):
        return item
    return None if item is None or item is pd.NA else str(item)


def table_from_json(columns):
    """Read what `table_to_json` gave.

    Parameters
    ----------
    columns : list or None
        What it gave.

    Returns
    -------
    DataFrame or None
        The table.
    """
    if columns is None:
        return None
    return pd.DataFrame({name: _column(dtype, values) for name, dtype, values in columns})


def _column(dtype, values):
    is_time = dtype.startswith(("datetime64", "timedelta64"))
    return pd.Series(values, dtype="int64" if is_time else dtype).astype(dtype)


_READERS = {"bold": _bold_from_state, "raw": _raw_from_state, "samples": _samples_from_state}
