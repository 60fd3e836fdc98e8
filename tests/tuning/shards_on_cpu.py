"""`curate` with FSDP on CPUs: accelerate, by itself, shards on GPUs alone."""

from accelerate.state import AcceleratorState
from accelerate.utils import DistributedType

from curate.cli import main

init = AcceleratorState.__init__


def init_with_shards(self, *args, fsdp_plugin=None, **options):
    init(self, *args, fsdp_plugin=fsdp_plugin, **options)
    if plugin := fsdp_plugin or vars(self).get("fsdp_plugin"):
        self.distributed_type, self.fsdp_plugin = DistributedType.FSDP, plugin


if __name__ == "__main__":
    AcceleratorState.__init__ = init_with_shards
    main()
