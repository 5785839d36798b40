;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; Both lanes are 2^53 + 2, which does not fit. The specification allows 2^32 - 1, 2^32 - 2 or 2^31
;; then (Core 3.0, 4.3.6, "relaxed_trunc_u"). JavaScriptCore adds 2^52 and takes the low bits of the
;; significand, which is right up to 2^52 at most, and does not look whether the number is larger.

(module
  (func (export "I32x4RelaxedTruncF64x2UZero") (param i64 i64) (result i64 i64)
    (local v128)
    local.get 0
    i64x2.splat
    local.get 1
    i64x2.replace_lane 1
    i32x4.relaxed_trunc_f64x2_u_zero
    local.tee 2
    i64x2.extract_lane 0
    local.get 2
    i64x2.extract_lane 1
  )
)

(invoke "I32x4RelaxedTruncF64x2UZero" (i64.const 4845873199050653697) (i64.const 4845873199050653697))

;; end
