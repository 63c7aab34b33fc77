// Models are written with the types of `Inference`; who imports this module has them too.
@_exported public import Inference
