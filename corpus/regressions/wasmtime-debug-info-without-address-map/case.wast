;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; Wasmtime accepts Config::debug_info(true) with Config::generate_address_map(false), and then looks
;; for the first address of each function in a map that has none: "index out of bounds: the len is
;; 0 but the index is 0", in wasmtime-internal-cranelift, debug/transform/simulate.rs. Any module
;; with a function will do.

(module
  (func (export "f"))
)

(assert_return (invoke "f"))

;; end
