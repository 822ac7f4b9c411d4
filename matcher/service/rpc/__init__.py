"""The gRPC edge: who calls, limits, conversion, status mapping. The only importer of generated code on this side."""
