;; The product of two square matrices of f64; the sum of its elements.
(module
  (memory 8)
  (func $at (param $matrix i32) (param $i i32) (param $j i32) (param $n i32) (result i32)
    (i32.add (local.get $matrix)
      (i32.shl (i32.add (i32.mul (local.get $i) (local.get $n)) (local.get $j)) (i32.const 3))))
  (func (export "run") (param $n i32) (result i32)
    (local $i i32) (local $j i32) (local $k i32) (local $sum f64) (local $all f64)
    (loop $fill
      (f64.store (i32.shl (local.get $i) (i32.const 3)) (f64.convert_i32_u (local.get $i)))
      (f64.store offset=131072 (i32.shl (local.get $i) (i32.const 3)) (f64.const 0.5))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $fill (i32.lt_u (local.get $i) (i32.mul (local.get $n) (local.get $n)))))
    (local.set $i (i32.const 0))
    (loop $rows
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $k (i32.const 0))
        (local.set $sum (f64.const 0))
        (loop $products
          (local.set $sum (f64.add (local.get $sum)
            (f64.mul
              (f64.load (call $at (i32.const 0) (local.get $i) (local.get $k) (local.get $n)))
              (f64.load
                (call $at (i32.const 131072) (local.get $k) (local.get $j) (local.get $n))))))
          (local.set $k (i32.add (local.get $k) (i32.const 1)))
          (br_if $products (i32.lt_u (local.get $k) (local.get $n))))
        (local.set $all (f64.add (local.get $all) (local.get $sum)))
        (local.set $j (i32.add (local.get $j) (i32.const 1)))
        (br_if $columns (i32.lt_u (local.get $j) (local.get $n))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $i) (local.get $n))))
    (i32.trunc_sat_f64_u (local.get $all))))
