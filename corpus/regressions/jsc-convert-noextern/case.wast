;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; JavaScriptCore wants the very heap type extern: "any.convert_extern reference to type (ref null
;; noextern) expected Externref". The instruction takes (ref null extern), and nullexternref is a
;; subtype of that (Core 3.0, validation of any.convert_extern; heap type subtyping, noextern <=
;; extern; instruction sequences, where subsumption applies to operands).

(module
  (func (export "f") (result i32)
    ref.null noextern
    any.convert_extern
    ref.is_null
  )
)

(assert_return (invoke "f") (i32.const 1))

;; end
