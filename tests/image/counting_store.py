"""CountingStore: a zarr store that remembers which chunks were read."""

from typing import Any

from zarr.storage import MemoryStore, WrapperStore


class CountingStore(WrapperStore[MemoryStore]):
    """Chunks in memory; ``chunks_read`` are the keys of those that were asked for, in order."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        super().__init__(MemoryStore() if store is None else store)
        self.chunks_read: list[str] = []

    async def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        if "c/" in key:
            self.chunks_read.append(key)
        return await super().get(key, *args, **kwargs)
