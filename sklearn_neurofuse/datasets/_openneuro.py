"""`fetch_openneuro`: public BIDS datasets of OpenNeuro."""

import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import PurePosixPath
from xml.etree import ElementTree

from sklearn.utils import Bunch
from tqdm import tqdm

from sklearn_neurofuse.datasets._download import RemoteFile, download
from sklearn_neurofuse.datasets._fetch import get_data_home

_OWNER = "fetch_openneuro"
_BUCKET = "https://s3.amazonaws.com/openneuro.org"
_LISTING = "files.json"
_TIMEOUT = 60.0


def fetch_openneuro(
    accession,
    subjects=None,
    *,
    task=None,
    datatypes=("anat", "eeg", "func"),
    data_home=None,
    download_if_missing=True,
):
    """Download a dataset of OpenNeuro, or some subjects of it.

    Files are taken from the public bucket over HTTPS, in the latest version there is. What is
    there already and whole is not downloaded again, and a file that was cut off goes on where it
    ended.

    Parameters
    ----------
    accession : str
        The dataset, such as ``"ds002336"`` [1]_.
    subjects : sequence of str, default=None
        Labels with or without ``sub-``; None takes all.
    task : str, default=None
        Take the recordings of one task only; None takes all.
    datatypes : sequence of str, default=("anat", "eeg", "func")
        Folders of a subject to take.
    data_home : path-like, default=None
        Where data sets are kept; None means the environment variable ``NEUROFUSE_DATA_HOME``, and
        where that is not set the cache folder of the operating system.
    download_if_missing : bool, default=True
        Whether the network may be used.

    Returns
    -------
    Bunch
        With the attributes

        root : pathlib.Path
            The dataset, for :func:`load_bids`.
        files : list of pathlib.Path
            What was asked for.
        unchecked : list of pathlib.Path
            Files of which only the size could be checked.
        DESCR : str
            Its README.

    Raises
    ------
    ValueError
        If the accession number is none, there is no such dataset, or it lacks a subject.
    FileNotFoundError
        If files are missing and `download_if_missing` is False.
    OSError
        If a file cannot be downloaded or written.

    Notes
    -----
    Simultaneous EEG-fMRI that :func:`load_bids` can read are for instance ds002336 and ds002338
    (BrainVision at 5 kHz with volume triggers; channel 32 is the ECG, so give
    ``channel_types={"32": "ecg"}`` where its name does not tell; the reference FCz is not among the
    channels, ``Rereferencer(add_reference="FCz")`` adds it; give ``n_dummy=2``).

    References
    ----------
    .. [1] Markiewicz, C. J., et al. (2021). The OpenNeuro resource for sharing of neuroscience
       data. eLife, 10, e71774. doi:10.7554/eLife.71774

    Examples
    --------
    >>> from sklearn_neurofuse.datasets import fetch_openneuro, load_bids
    >>> files = fetch_openneuro("ds002336", ["xp101"])  # doctest: +SKIP
    >>> data = load_bids(files.root, "eegfmriNF", n_dummy=2)  # doctest: +SKIP
    """
    if re.fullmatch(r"ds\d{6}", str(accession)) is None:
        raise ValueError(
            f"{_OWNER}: accession must be ds and six digits, as in 'ds002336', got {accession!r}"
        )
    root = get_data_home(data_home) / accession
    listing = _list_files(accession, root, download_if_missing)
    wanted = _choose(accession, listing, subjects, task, set(datatypes))
    missing = {name: file for name, file in wanted.items() if not _is_there(root / name, file)}
    if missing and not download_if_missing:
        raise FileNotFoundError(
            f"{_OWNER}: {len(missing)} files are missing in {root}, first "
            f"{next(iter(missing))}, "
            "and download_if_missing is False"
        )
    unchecked = _download_all(root, missing)
    readme = next((root / name for name in wanted if name.upper().startswith("README")), None)
    return Bunch(
        root=root,
        files=[root / name for name in wanted],
        unchecked=unchecked,
        DESCR="" if readme is None else readme.read_text(encoding="utf-8", errors="replace"),
    )


def _is_there(path, remote):
    # content was checked when it came; the size tells what was cut off since
    return path.is_file() and path.stat().st_size == remote.size


def _list_files(accession, root, may_download):
    """List the files of a dataset, from the bucket or as it was listed before."""
    kept = root.parent / f".{accession}-{_LISTING}"
    if not may_download:
        if not kept.exists():
            raise FileNotFoundError(
                f"{_OWNER}: {accession} was never downloaded to {root.parent}, and "
                "download_if_missing is False"
            )
        content = json.loads(kept.read_text(encoding="utf-8"))
        return {name: RemoteFile(*file) for name, file in content.items()}
    listing = _ask_bucket(accession)
    if not listing:
        raise ValueError(f"{_OWNER}: OpenNeuro has no public dataset {accession}")
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = kept.with_suffix(".part")
    content = {name: (file.url, file.size, file.etag) for name, file in listing.items()}
    draft.write_text(json.dumps(content), encoding="utf-8")
    os.replace(draft, kept)
    return listing


def _ask_bucket(accession):
    listing, token = {}, None
    while True:
        query = {"list-type": "2", "prefix": f"{accession}/"}
        if token:
            query["continuation-token"] = token
        page = _read_page(f"{_BUCKET}?{urllib.parse.urlencode(query)}")
        space = {"s3": page.tag.partition("}")[0].lstrip("{")}
        for item in page.iterfind("s3:Contents", space):
            key, etag, size = (item.findtext(f"s3:{n}", "", space) for n in ("Key", "ETag", "Size"))
            name = key.removeprefix(f"{accession}/")
            if name and not name.endswith("/"):
                url = f"{_BUCKET}/{urllib.parse.quote(key)}"
                listing[name] = RemoteFile(url, int(size), etag.strip('"'))
        token = page.findtext("s3:NextContinuationToken", None, space)
        if token is None:
            return listing


def _read_page(url):
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:
            return ElementTree.fromstring(answer.read())
    except (urllib.error.URLError, TimeoutError, ElementTree.ParseError) as error:
        raise OSError(
            f"{_OWNER}: cannot list {url}: {error}; without network, download_if_missing=False "
            "uses what was downloaded before"
        ) from error


def _choose(accession, listing, subjects, task, datatypes):
    people = {name.split("/")[0].removeprefix("sub-") for name in listing if name[:4] == "sub-"}
    labels = people if subjects is None else {str(s).removeprefix("sub-") for s in subjects}
    unknown = sorted(labels - people)
    if unknown:
        raise ValueError(
            f"{_OWNER}: {accession} has no subject {', '.join(unknown)}; it has "
            f"{', '.join(sorted(people))}"
        )
    return {
        name: file
        for name, file in listing.items()
        if _is_wanted(PurePosixPath(name), labels, task, datatypes)
    }


def _is_wanted(path, labels, task, datatypes):
    if len(path.parts) == 1:
        return not path.name.startswith(".")
    if path.parts[0].removeprefix("sub-") not in labels or not path.parts[0].startswith("sub-"):
        return False
    folder = path.parent.name
    if folder.startswith(("sub-", "ses-")):
        return True
    named = re.search(r"_task-([a-zA-Z0-9+]+)", path.name)
    return folder in datatypes and (task is None or named is None or named[1] == task)


def _download_all(root, files):
    unchecked = []
    total = sum(file.size for file in files.values())
    with tqdm(
        total=total,
        unit="B",
        unit_scale=True,
        desc=root.name,
        disable=not sys.stderr.isatty(),
    ) as bar:
        for name, file in files.items():
            try:
                if not download(file, root / name, bar.update):
                    unchecked.append(root / name)
            except OSError as error:
                raise OSError(
                    f"{_OWNER}: {name}: {error}; what came so far is kept, call again to go on"
                ) from error
    return unchecked
