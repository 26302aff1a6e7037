// The fuzz target's entry point is LLVMFuzzerTestOneInput.
