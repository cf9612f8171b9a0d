"""References: papers of the models and libraries that make a result."""

REFERENCES = {
    "napari-sam": "The napari-sam contributors. napari-sam: Segment Anything for microscopy images "
    "of any size in napari. Software.",
    "sam1": "Kirillov A et al. Segment Anything. Proc. ICCV (2023) 4015-4026. "
    "doi:10.1109/ICCV51070.2023.00371",
    "mobile-sam": "Zhang C et al. Faster Segment Anything: towards lightweight SAM for mobile "
    "applications. arXiv:2306.14289 (2023)",
    "micro-sam": "Archit A et al. Segment Anything for Microscopy. Nat. Methods 22 (2025) 579-591. "
    "doi:10.1038/s41592-024-02580-4",
    "sam2": "Ravi N et al. SAM 2: Segment Anything in images and videos. arXiv:2408.00714 (2024)",
    "efficient-tam": "Xiong Y et al. Efficient Track Anything. arXiv:2411.18933 (2024)",
    "torch": "Paszke A et al. PyTorch: an imperative style, high-performance deep learning "
    "library. Adv. Neural Inf. Process. Syst. 32 (2019)",
    "numpy": "Harris CR et al. Array programming with NumPy. Nature 585 (2020) 357-362. "
    "doi:10.1038/s41586-020-2649-2",
    "scipy": "Virtanen P et al. SciPy 1.0: fundamental algorithms for scientific computing in "
    "Python. Nat. Methods 17 (2020) 261-272. doi:10.1038/s41592-019-0686-2",
    "scikit-image": "van der Walt S et al. scikit-image: image processing in Python. PeerJ 2 "
    "(2014) e453. doi:10.7717/peerj.453",
    "ome-zarr": "Moore J et al. OME-Zarr: a cloud-optimized bioimaging file format with "
    "international community support. Histochem. Cell Biol. 160 (2023) 223-251. "
    "doi:10.1007/s00418-023-02209-1",
}
"""Name of a model's family or of a library -> reference for a paper."""

NAMES = {"torch": "PyTorch", "numpy": "NumPy", "scipy": "SciPy", "scikit-image": "scikit-image"}
"""Package of which a paper is cited -> its name in a text."""
