"""Realign the volumes of a file with a program that lives in another environment.

Run by `bench_motion` as ``PYTHON peer_motion.py NAME IN OUT``; imports nothing of this package.
"""

import sys
import time

import numpy as np


def with_ants(series, affine):
    """Realign with `ants.motion_correction`, to the first volume."""
    import ants

    spacing = np.diag(affine)[:3].tolist()
    origin = affine[:3, 3].tolist()
    img = ants.from_numpy(series, origin=[*origin, 0.0], spacing=[*spacing, 1.0])
    first = ants.from_numpy(series[..., 0], origin=origin, spacing=spacing)
    start = time.perf_counter()
    found = ants.motion_correction(img, fixed=first, type_of_transform="BOLDRigid")
    took = time.perf_counter() - start
    return [ants_matrix(ants.read_transform(one[0])) for one in found["motion_parameters"]], took


def ants_matrix(transform):
    """Take points of the volume to the reference: the inverse of ITK's."""
    corners = np.vstack([np.zeros(3), 50 * np.eye(3)])
    moved = np.array([transform.apply_to_point(point) for point in corners])
    return inverse_through(corners, moved)


def inverse_through(corners, moved):
    matrix = np.eye(4)
    matrix[:3, :3] = (moved[1:] - moved[0]).T / 50
    matrix[:3, 3] = moved[0]
    return np.linalg.inv(matrix)


def with_simpleitk(series, affine):
    """Realign with SimpleITK: correlation, two resolutions, gradient descent of regular steps."""
    import SimpleITK as sitk

    def image(volume):
        img = sitk.GetImageFromArray(np.ascontiguousarray(volume.T))
        img.SetSpacing(np.diag(affine)[:3].tolist())
        img.SetOrigin(affine[:3, 3].tolist())
        return img

    fixed, found = image(series[..., 0]), []
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsCorrelation()
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-4, 100, gradientMagnitudeTolerance=1e-8)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([2, 1])
    method.SetSmoothingSigmasPerLevel([1, 0])
    start = time.perf_counter()
    for k in range(series.shape[3]):
        # the grid is centred at zero, and so are turns
        transform = sitk.Euler3DTransform()
        method.SetInitialTransform(transform, inPlace=True)
        method.Execute(fixed, image(series[..., k]))
        corners = np.vstack([np.zeros(3), 50 * np.eye(3)])
        moved = np.array([transform.TransformPoint(point.tolist()) for point in corners])
        found.append(inverse_through(corners, moved))
    return found, time.perf_counter() - start


PROGRAMS = {"ants": with_ants, "simpleitk": with_simpleitk}


def main(name, source, target):
    """Read a series, realign it, write what was found."""
    data = np.load(source)
    matrices, took = PROGRAMS[name](data["series"], data["affine"])
    np.savez(target, matrices=np.array(matrices), seconds=took / len(matrices))


if __name__ == "__main__":
    main(*sys.argv[1:])
