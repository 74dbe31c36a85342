"""``neurofuse cache``: what processed recordings take on disk, and how to give it back."""

from sklearn_neurofuse.cli._units import readable_size
from sklearn_neurofuse.recordings import Store, get_config


def run(args):
    """Tell of the cache, or empty it.

    Parameters
    ----------
    args : argparse.Namespace
        ``action``, ``"info"`` or ``"clear"``, and ``dir``, the folder or None.

    Raises
    ------
    NotADirectoryError
        If the folder is a file.
    """
    config = get_config()
    store = Store(args.dir or config["cache_dir"], config["cache_size"])
    if store.folder.exists() and not store.folder.is_dir():
        raise NotADirectoryError(f"{store.folder} is not a folder")
    if args.action == "clear":
        print(f"freed {readable_size(store.clear())} in {store.folder}")
        return
    info = store.info()
    print(f"folder   {info['folder']}")
    print(f"results  {info['n_entries']}")
    print(f"size     {readable_size(info['bytes'])} of at most {readable_size(info['limit'])}")
