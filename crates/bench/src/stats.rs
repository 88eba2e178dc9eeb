//! Medians and percentiles.

/// The value below which `percent` of the samples lie, by nearest rank. Sorts the samples; 0 if there are none.
pub(crate) fn percentile(samples: &mut [u64], percent: usize) -> u64 {
    if samples.is_empty() {
        return 0;
    }
    let rank = (samples.len() * percent).div_ceil(100).max(1);
    *samples.select_nth_unstable(rank - 1).1
}

/// The median; of an even number of values the mean of the middle two; NaN if there are none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

/// A small generator (xorshift64*), the same sequence in every run: which key a request asks for.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `bound`, which must not be 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let hundred: Vec<u64> = (1..=100).rev().collect();
        for (samples, percent, expected) in [
            (&[][..], 50, 0),
            (&[7], 50, 7),
            (&[7], 99, 7),
            (&[3, 1, 2], 50, 2),
            (&[4, 3, 2, 1], 50, 2),
            (&hundred, 50, 50),
            (&hundred, 99, 99),
            (&hundred, 100, 100),
        ] {
            assert_eq!(percentile(&mut samples.to_vec(), percent), expected, "{percent} % of {samples:?}");
        }
    }

    #[test]
    fn medians() {
        for (values, expected) in [(&[1.0][..], 1.0), (&[3.0, 1.0, 2.0], 2.0), (&[4.0, 1.0], 2.5)] {
            assert_eq!(median(values.iter().copied()).total_cmp(&expected), std::cmp::Ordering::Equal);
        }
        assert!(median([]).is_nan());
    }

    #[test]
    fn dice_reach_every_key() {
        let mut dice = Dice::new(1);
        let mut seen = [false; 50];
        (0..2_000).for_each(|_| seen[usize::try_from(dice.below(50)).unwrap()] = true);
        assert!(seen.into_iter().all(|hit| hit));
    }
}
