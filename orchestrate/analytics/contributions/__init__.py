"""What gave the return and the risk of a portfolio, part by part."""
