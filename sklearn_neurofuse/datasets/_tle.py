"""Simultaneous EEG-fMRI connectomes of people with temporal-lobe epilepsy and of controls."""

from importlib import resources

import numpy as np
import pandas as pd
from scipy.io import loadmat
from sklearn.utils import Bunch

from sklearn_neurofuse._validation import check_choice
from sklearn_neurofuse.containers import Block, ConnectomeSpace, Multimodal
from sklearn_neurofuse.datasets._fetch import fetch_files

_BASE_URL = (
    "https://raw.githubusercontent.com/jwirsich/eeg-fmri-tle/"
    "b36ad3874f16846c3ea771ea59901a7163693191/data/"
)
_FOLDER = "tle-connectomes"
_BANDS = ("delta", "theta", "alpha", "beta", "gamma")
_GROUPS = {"controls": "control", "ltle": "lTLE", "rtle": "rTLE"}
_COORDINATES = "desi_coord_68.txt"
_NETWORKS = "aparc_aseg_yeoRS7_68reg_eeg_nosubc_cmfg2dan.mat"

# repetition time in s, and the ending of the connectome files, per scanner
_SCANNERS = {
    "256ch": ("eeg-fmri_256Ch3T", 1.99, "_connectomes_desikan_scrubbed_truncTo5min.mat"),
    "64ch": ("eeg-fmri_64Ch3T", 3.6, "_connectomes_desikan_scrubbed.mat"),
}

_SHA256 = {
    _NETWORKS: "42fff5d27156c63bda153195f41cb04b6e9cce0fb4b3430b43b0d82ba15fb0e5",
    _COORDINATES: "f894372d82de4bf05f7820407e0f65e0ea3061cd924ba3e5d07d87892966b5f4",
    "eeg-fmri_256Ch3T_controls_connectomes_desikan_scrubbed_truncTo5min.mat": (
        "c941d2ec20a9fd5f1eb3f723b22edb5f5336ffb718a4ad006192eac5e4b23b68"
    ),
    "eeg-fmri_256Ch3T_controls_participants.tsv": (
        "f18f6803db02c1143d6f6805baccdd70a488ea16386e5ba273d73caca7c4d9d1"
    ),
    "eeg-fmri_256Ch3T_ltle_connectomes_desikan_scrubbed_truncTo5min.mat": (
        "cdff5e68b4bf9ce4f02692f115fbed99d2b697a46e770a6a21d746728f68493c"
    ),
    "eeg-fmri_256Ch3T_ltle_participants.tsv": (
        "62c4c2ad1e6189df0338623b823ad18ad011a3791af3b71c538585a87d905976"
    ),
    "eeg-fmri_256Ch3T_rtle_connectomes_desikan_scrubbed_truncTo5min.mat": (
        "0a8494dc77ef7899034c28473c8ee36e725b56070990eaf443a8984e1941448e"
    ),
    "eeg-fmri_256Ch3T_rtle_participants.tsv": (
        "cbb9d4f02f929f0b24681eff023a451b4b42e9f48138538ddd6e3e5e38955ff4"
    ),
    "eeg-fmri_64Ch3T_controls_connectomes_desikan_scrubbed.mat": (
        "fba7a6abd2a8494900129f357a2c32ba0c927160768a6d053dccb6b505ce142b"
    ),
    "eeg-fmri_64Ch3T_controls_participants.tsv": (
        "482ebd290421d8b138ee2f94910b17cd1a04b261be838adaa8b355df9b650669"
    ),
    "eeg-fmri_64Ch3T_ltle_connectomes_desikan_scrubbed.mat": (
        "55a4a9a42680af8e87ac9e552eb62ec4d96f24e3009f0e2215572eb19051a83c"
    ),
    "eeg-fmri_64Ch3T_ltle_participants.tsv": (
        "f00d88560441ce17063000ce4e1640db2b3601a204b339c5e0ae07a5904e36d5"
    ),
    "eeg-fmri_64Ch3T_rtle_connectomes_desikan_scrubbed.mat": (
        "0a982fd57173064203cd75d78907b4db47e3bd36840a6db0104e1749d907b76c"
    ),
    "eeg-fmri_64Ch3T_rtle_participants.tsv": (
        "f17e775f2264632197376116a38187c01cad10af74e5e3af4318f5d149f1bba7"
    ),
}

# the 34 cortical regions of a hemisphere in the order of FreeSurfer's colour table, which is the
# order of the coordinates that come with the data
_REGIONS = (
    "bankssts", "caudalanteriorcingulate", "caudalmiddlefrontal", "cuneus", "entorhinal",
    "fusiform", "inferiorparietal", "inferiortemporal", "isthmuscingulate", "lateraloccipital",
    "lateralorbitofrontal", "lingual", "medialorbitofrontal", "middletemporal",
    "parahippocampal", "paracentral", "parsopercularis", "parsorbitalis", "parstriangularis",
    "pericalcarine", "postcentral", "posteriorcingulate", "precentral", "precuneus",
    "rostralanteriorcingulate", "rostralmiddlefrontal", "superiorfrontal", "superiorparietal",
    "superiortemporal", "supramarginal", "frontalpole", "temporalpole", "transversetemporal",
    "insula",
)  # fmt: skip
_LABELS = tuple(f"{region}-{side}" for side in ("lh", "rh") for region in _REGIONS)

# numbered from 1 in the file, as in the authors' init_yeo.m
_NETWORK_NAMES = (
    "visual",
    "somatomotor",
    "dorsal attention",
    "ventral attention",
    "limbic",
    "frontoparietal",
    "default",
)


def fetch_tle_connectomes(scanner="256ch", data_home=None, *, download_if_missing=True):
    """Load EEG-fMRI connectomes of temporal-lobe epilepsy and controls (classification).

    Resting EEG and fMRI of the same minutes, recorded together in a 3 T scanner, as
    connectomes of the 68 cortical regions of the Desikan-Killiany atlas: correlations of the
    BOLD signal, and imaginary coherence of source-reconstructed EEG in five bands [1]_.

    =================   ==================================
    Classes             control, patient
    Samples             44 (21, 23) with ``scanner="256ch"``
    ..                  25 (14, 11) with ``scanner="64ch"``
    Features            2278 edges (fMRI), 5 x 2278 (EEG)
    =================   ==================================

    Parameters
    ----------
    scanner : {"256ch", "64ch"}, default="256ch"
        Which of the two sites of the study: 256-channel EEG (5 minutes a person, repetition
        time 1.99 s) or 64-channel EEG (21 minutes, 3.6 s).
    data_home : path-like, default=None
        Where data sets are kept, in a sub-folder ``tle-connectomes``; None means the
        environment variable ``NEUROFUSE_DATA_HOME``, and where that is not set the cache folder
        of the operating system. Files that are there already are used without network.
    download_if_missing : bool, default=True
        Whether missing or damaged files may be downloaded.

    Returns
    -------
    Bunch
        With the attributes

        X : Multimodal of shape (n_subjects, 13668)
            ``fmri`` of shape (n_subjects, 2278) and ``eeg`` of shape (n_subjects, 5, 2278),
            both with a `ConnectomeSpace` (labels, coordinates in mm, Yeo's networks); sessions
            of one person are averaged.
        target : ndarray of int of shape (n_subjects,)
            0 for controls, 1 for patients.
        target_names : ndarray of str of shape (2,)
            ``control``, ``patient``.
        subject, groups : ndarray of str of shape (n_subjects,)
            Who it is, in lower case.
        diagnosis : ndarray of str of shape (n_subjects,)
            ``control``, ``lTLE`` or ``rTLE`` (the epileptic side).
        age : ndarray of shape (n_subjects,)
            Years.
        sex : ndarray of str of shape (n_subjects,)
            ``F`` or ``M``.
        mean_fd : ndarray of shape (n_subjects,)
            Mean framewise displacement in mm.
        recording_length : ndarray of shape (n_subjects,)
            Length of the recording in s, before scrubbing.
        confounds : DataFrame of shape (n_subjects, 6)
            All of that as numbers, and the length in s that scrubbing left of each modality.
        DESCR : str
            Description of the data set.

    Raises
    ------
    ValueError
        If the scanner is unknown or a file does not hold what it should.
    FileNotFoundError
        If files are missing or damaged and `download_if_missing` is False.
    OSError
        If a download fails or arrives damaged.

    Notes
    -----
    The files list edges along the strict *upper* triangle row by row (the authors'
    ``Connectome.getLoopedVec``); here they are put into the order of `ConnectomeSpace`.

    The overall level of the EEG connectomes alone separates the two groups at this scanner
    with a ROC AUC of about .90, and the other way round at the other scanner: a good figure
    inside one site says little about the disease.

    References
    ----------
    .. [1] Wirsich, J., Iannotti, G. R., Ridley, B., et al. (2024). Altered correlation of
       concurrently recorded EEG-fMRI connectomes in temporal lobe epilepsy. Network
       Neuroscience, 8(2), 466-485. doi:10.1162/netn_a_00362

    Examples
    --------
    >>> from sklearn_neurofuse.datasets import fetch_tle_connectomes
    >>> data = fetch_tle_connectomes()  # doctest: +SKIP
    >>> data.X["eeg"].shape  # doctest: +SKIP
    (44, 5, 2278)
    """
    check_choice("fetch_tle_connectomes", "scanner", scanner, _SCANNERS)
    stem = _SCANNERS[scanner][0]
    folder = fetch_files(
        "fetch_tle_connectomes",
        _FOLDER,
        _BASE_URL,
        {f: h for f, h in _SHA256.items() if f.startswith(stem) or not f.startswith("eeg-fmri_")},
        data_home=data_home,
        download_if_missing=download_if_missing,
    )
    people = pd.concat([_read_group(folder, scanner, group) for group in _GROUPS])
    return _as_bunch(people.reset_index(drop=True), *_read_atlas(folder))


def _read_group(folder, scanner, group):
    """Read everybody of one group: one row each, connectomes in the columns fmri and eeg."""
    stem, t_r, ending = _SCANNERS[scanner]
    path = folder / f"{stem}_{group}{ending}"
    subjects = _as_list(loadmat(path, simplify_cells=True)["subj"])
    measured = pd.DataFrame([_read_subject(subject, t_r, path.name) for subject in subjects])
    table = pd.read_csv(folder / f"{stem}_{group}_participants.tsv", sep="\t")
    table["subject"] = table["participant_id"].str.lower()
    people = measured.merge(table, on="subject", how="left", validate="one_to_one")
    unknown = people.loc[people["age"].isna() | people["sex"].isna(), "subject"]
    if len(unknown):
        raise ValueError(
            f"fetch_tle_connectomes: no age or sex in {stem}_{group}_participants.tsv for "
            f"{', '.join(unknown)}"
        )
    return people.assign(diagnosis=_GROUPS[group])


def _read_subject(subject, t_r, file):
    """Average the sessions of one person; lengths add up."""
    sessions = _as_list(subject["sess"])
    edges = np.mean([_session_edges(session, file) for session in sessions], axis=0)
    return {
        "subject": str(subject["name"]).lower(),
        "fmri": edges[0],
        "eeg": edges[1:],
        "mean_fd": np.mean([_mean_displacement(session["fd_power"]) for session in sessions]),
        "recording_length": t_r * sum(session["sess_length"] for session in sessions),
        "fmri_length": t_r * sum(session["scrubbed_fMRI_sess_length"] for session in sessions),
        "eeg_length": t_r * sum(session["scrubbed_eeg_sess_length"] for session in sessions),
    }


def _session_edges(session, file):
    """Give fMRI and then the bands, ndarray of shape (1 + n_bands, n_edges)."""
    methods = {method["name"]: method for method in _as_list(session["EEG"])}
    bands = {band["name"]: band["conn"] for band in _as_list(methods["cohi"]["bands"])}
    edges = np.stack([session["fMRI"], *[bands[band] for band in _BANDS]])
    n_edges = len(_LABELS) * (len(_LABELS) - 1) // 2
    if edges.shape[1] != n_edges or not np.isfinite(edges).all():
        raise ValueError(f"fetch_tle_connectomes: {file} must hold {n_edges} finite edges")
    return edges


def _mean_displacement(displacement):
    # the first volume has no predecessor, which the files note as 0
    displacement = np.ravel(displacement)
    return np.mean(displacement[1:] if displacement[0] == 0 else displacement)


def _read_atlas(folder):
    coordinates = np.loadtxt(folder / _COORDINATES)
    networks = np.ravel(loadmat(folder / _NETWORKS)["yeoROIs_eeg"])
    return coordinates, [_NETWORK_NAMES[network - 1] for network in networks]


def _as_bunch(people, coordinates, networks):
    space = {"labels": _LABELS, "coordinates": coordinates, "networks": networks}
    order = _lower_from_upper(len(_LABELS))
    fmri, eeg = np.stack(people["fmri"])[:, order], np.stack(people["eeg"])[:, :, order]
    subject = people["subject"].to_numpy(dtype=str)
    return Bunch(
        X=Multimodal(
            fmri=Block(fmri, ConnectomeSpace(**space)),
            eeg=Block(eeg, ConnectomeSpace(**space, bands=_BANDS)),
        ),
        target=(people["diagnosis"] != "control").to_numpy(dtype=int),
        target_names=np.array(["control", "patient"]),
        subject=subject,
        groups=subject,
        diagnosis=people["diagnosis"].to_numpy(dtype=str),
        age=people["age"].to_numpy(dtype=float),
        sex=people["sex"].to_numpy(dtype=str),
        mean_fd=people["mean_fd"].to_numpy(),
        recording_length=people["recording_length"].to_numpy(),
        confounds=_confounds(people),
        DESCR=_description(),
    )


def _confounds(people):
    return pd.DataFrame(
        {
            "age": people["age"].astype(float),
            "male": (people["sex"] == "M").astype(float),
            "mean_fd": people["mean_fd"],
            "recording_length": people["recording_length"],
            "fmri_length": people["fmri_length"],
            "eeg_length": people["eeg_length"],
        }
    )


def _lower_from_upper(n_regions):
    """Where each edge of the strict lower triangle stands in the strict upper one, row by row."""
    position = np.zeros((n_regions, n_regions), dtype=int)
    rows, columns = np.triu_indices(n_regions, 1)
    position[columns, rows] = np.arange(len(rows))
    return position[np.tril_indices(n_regions, -1)]


def _as_list(value):
    # a struct array of length one is read as the struct itself
    return [value] if isinstance(value, dict) else list(value)


def _description():
    folder = resources.files("sklearn_neurofuse.datasets") / "descr"
    return (folder / "tle_connectomes.rst").read_text(encoding="utf-8")
