# Versions of the toolchain for MirageOS, named here and nowhere else. The unikernel's libraries are named,
# with their digests, in unikernel/mirage/lock. docs/unikernel.md says how to change them.
ocaml=5.4.1
mirage=4.11.0
opam_monorepo=0.4.3
dune=3.24.2
solo5=0.12.1
ocaml_solo5=1.3.2
# What opam knows of packages: a commit of github.com/ocaml/opam-repository.
opam_repository=97014be61691efb695da5de8e860cba5d74fa1f5
