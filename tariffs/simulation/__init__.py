"""What a load would cost: a file of intervals priced by a tariff document, period after period, without a store."""
