-- device.lua: busted's helper: LACUNA_SPEC_DEVICE=cuda makes tensors that name no device there, so
-- that the specs of operations run on a GPU, or on the emulator that LACUNA_CUDA_LIB names.

local device = os.getenv "LACUNA_SPEC_DEVICE"
if device and device ~= "" then require("lacuna").set_default_device(device) end
