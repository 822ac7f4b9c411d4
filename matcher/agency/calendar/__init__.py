"""The working-day calendar: days off and make-up days of mainland China, by which due dates are counted."""
