"""Pictures of the quality of one recording."""

import numpy as np

from sklearn_neurofuse.containers import VolumeSpace
from sklearn_neurofuse.fmri import TemplateNormalizer
from sklearn_neurofuse.fmri._template import load_template
from sklearn_neurofuse.plotting import (
    plot_alignment,
    plot_artifact_spectrum,
    plot_lag_curve,
    plot_motion,
)
from sklearn_neurofuse.plotting._png import to_png

_OUTLINE_MM = 2.0


def processed(data, chain, number):
    """Give one run as the last step before the extractor leaves it.

    Parameters
    ----------
    data : Bunch
        From `load_recordings`.
    chain : ModalityTransformer
        The steps.
    number : int
        Which run.

    Returns
    -------
    dict of str to tuple
        By modality the run as it came, as it was processed, and the steps; without those that
        are missing.
    """
    found = {}
    for name, branch in chain.transformers:
        block = data.X[name]
        rows = np.flatnonzero(block.recording == number)
        if block.sources[number].source is None or rows.size == 0:
            continue
        waiting = block
        steps = [step for _, step in branch.steps[:-1]]
        for step in steps:
            waiting = step.transform(waiting)
        row = int(rows[0])
        found[name] = block.load(row), waiting.load(row), steps
    return found


def draw(done, clock):
    """Draw spectra, motion, place on the template, and lags of one run.

    Parameters
    ----------
    done : dict
        From `processed`.
    clock : Bunch or None
        From `search_lag`.

    Yields
    ------
    title : str
        Of the picture.
    png : bytes
        The picture.
    """
    if "eeg" in done:
        before, after, _ = done["eeg"]
        raws = {"before": before, "after": after}
        yield "Spectrum before and after", to_png(plot_artifact_spectrum(raws, fmax=45.0))
    if "fmri" in done:
        _, run, steps = done["fmri"]
        if run.confounds is not None and "trans_x" in run.confounds:
            yield "Head motion", to_png(plot_motion(run))
        for step in steps:
            if isinstance(step, TemplateNormalizer):
                yield "On the template", to_png(_on_template(run, step))
    if clock is not None and clock.found is not None:
        yield "Alpha power against BOLD", to_png(plot_lag_curve(clock.found))


def _on_template(run, step):
    template = load_template(step.template, _OUTLINE_MM, step.space, step.template_mask)
    mask = VolumeSpace(template.affine, space=template.space)
    mean = VolumeSpace(run.img.affine, space=template.space)
    return plot_alignment(
        mean.to_nifti(np.asanyarray(run.get_data()).mean(axis=3)[None]),
        mask.to_nifti(template.mask.astype(np.float32)[None]),
    )
