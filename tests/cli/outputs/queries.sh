total_backtests=$(grep '"event":"backtest' logs/backtest/*.jsonl | wc -l)
orchestrator_backtests=$(grep '"event":"orchestrator.backtest' logs/backtest/*.jsonl | wc -l)
adoption_rate=$(echo "scale=2; $orchestrator_backtests * 100 / $total_backtests" | bc)
errors=$(grep '"event":"orchestrator.backtest_failed"' logs/backtest/*.jsonl | wc -l)
success=$(grep '"event":"orchestrator.backtest_completed"' logs/backtest/*.jsonl | wc -l)
error_rate=$(echo "scale=2; $errors * 100 / ($errors + $success)" | bc)
grep '"event":"orchestrator.backtest_started"' logs/backtest/*.jsonl | jq -r '.strategy_count' | awk '{sum+=$1; count++} END {print sum/count}'
grep '"event":"orchestrator.backtest_completed"' logs/backtest/*.jsonl | jq -r '.duration_seconds' | sort -n | awk '{a[NR]=$1} END {print a[int(NR*0.95)]}'
echo $total_backtests $orchestrator_backtests $adoption_rate $errors $success $error_rate
