// Preloaded into maand: moves its clock MAAND_TEST_CLOCK_DAYS ahead.
const ahead = Number(process.env.MAAND_TEST_CLOCK_DAYS) * 86_400_000;
const Real = Date;

globalThis.Date = class extends Real {
  constructor(...values) {
    if (values.length === 0) super(Real.now() + ahead);
    else super(...values);
  }

  static now() {
    return Real.now() + ahead;
  }
};
