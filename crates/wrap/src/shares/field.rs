//! GF(2^8) with the polynomial of AES (FIPS 197, 4.2). The invariant: **no branch and no table depends on a value.**

/// The sum, and the difference.
pub(super) fn add(a: u8, b: u8) -> u8 {
    a ^ b
}

/// The product.
pub(super) fn multiply(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    for _ in 0..8 {
        product ^= a & (b & 1).wrapping_neg();
        a = (a << 1) ^ (0x1b & (a >> 7).wrapping_neg());
        b >>= 1;
    }
    product
}

/// The inverse: the 254th power. Of 0 it is 0.
pub(super) fn inverse(a: u8) -> u8 {
    // 254 is 0b1111_1110.
    let mut power = 1;
    let mut square = a;
    for _ in 0..7 {
        square = multiply(square, square);
        power = multiply(power, square);
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 197, 4.2: {57} x {83} = {c1}, {57} x {13} = {fe}.
    #[test]
    fn it_is_the_field_of_aes() {
        assert_eq!((multiply(0x57, 0x83), multiply(0x57, 0x13)), (0xc1, 0xfe));
        for a in 1..=255 {
            assert_eq!(multiply(a, inverse(a)), 1, "{a}");
            assert_eq!(multiply(a, 1), a);
        }
        assert_eq!(inverse(0), 0);
    }
}
